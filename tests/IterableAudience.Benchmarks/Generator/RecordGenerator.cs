using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Generator;

/// <summary>
/// Records with a known truth: 80/10/10 insert, update and delete; 60 % carry both identifiers, 20 % only the e-mail, 20 % only the userId.
/// Every record is another row and another person, which is what costs the service most: nothing is superseded, merged or spared.
/// </summary>
/// <param name="seed">The same seed makes the same records.</param>
/// <param name="firstPerson">Number of the first person; two generators whose ranges don't meet share nobody.</param>
internal sealed class RecordGenerator(ulong seed, long firstPerson = 1)
{
    public const int InsertPercent = 80;
    public const int UpdatePercent = 10;
    public const int BothPercent = 60;

    /// <summary>Record <paramref name="line"/> (from 1), whichever were made before.</summary>
    public GeneratedRecord this[int line]
    {
        get
        {
            var person = firstPerson + line - 1;
            var draw = new Draw(seed, person);
            var action = draw.Below(100) switch
            {
                < InsertPercent => RecordAction.Insert,
                < InsertPercent + UpdatePercent => RecordAction.Update,
                _ => RecordAction.Delete,
            };
            var carries = draw.Below(100);
            var hasEmail = carries < BothPercent || carries % 2 == 0;
            var hasUserId = carries < BothPercent || carries % 2 == 1;

            var (email, normalized, emailFault) = hasEmail ? Emails.Make(ref draw, person) : (null, null, Reason.IdentifierMissing);
            var (userId, exact, userIdFault) = hasUserId ? UserIds.Make(ref draw, person) : (null, null, Reason.IdentifierMissing);
            return new(line, action, $"row-{person}", email, userId, new(normalized, emailFault, exact, userIdFault));
        }
    }

    /// <summary>The first <paramref name="count"/> records, made one by one.</summary>
    public IEnumerable<GeneratedRecord> Take(int count)
    {
        for (var line = 1; line <= count; line++)
        {
            yield return this[line];
        }
    }
}
