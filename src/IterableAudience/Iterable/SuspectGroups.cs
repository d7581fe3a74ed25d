using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>
/// Operations that were named, in groups in which no identifier occurs twice: there each name tells whom it means, so two owners of an e-mail
/// cost two requests, however many such e-mails there are. Pure.
/// </summary>
internal static class SuspectGroups
{
    public static IEnumerable<int[]> Apart(IReadOnlyList<Identity> subscribers, int[] suspects)
    {
        var seen = new Dictionary<(bool IsEmail, string Identifier), int>();
        return suspects.GroupBy(Turn).OrderBy(g => g.Key).Select(g => g.ToArray());

        int Turn(int operation)
        {
            var (email, userId) = (subscribers[operation].Email?.ToUpperInvariant(), subscribers[operation].UserId);
            var turn = Math.Max(
                email is null ? 0 : seen.GetValueOrDefault((true, email)),
                userId is null ? 0 : seen.GetValueOrDefault((false, userId)));
            if (email is not null)
            {
                seen[(true, email)] = turn + 1;
            }

            if (userId is not null)
            {
                seen[(false, userId)] = turn + 1;
            }

            return turn;
        }
    }
}
