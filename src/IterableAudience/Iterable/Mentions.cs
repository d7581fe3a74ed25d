using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>How the failure lists of an answer name one operation of the request.</summary>
/// <param name="Any">The first list that names it; null when none does.</param>
/// <param name="Own">The first list that names it by an identifier that no other operation of the request has.</param>
/// <param name="IsConflictOnly">
/// Only conflict lists name it like that. They hold the existing identifier that stood in the way, so the one that failed may be another operation.
/// </param>
internal readonly record struct Naming(FailureList? Any, FailureList? Own, bool IsConflictOnly);

/// <summary>Which operations of a request the failure lists name, and which of them are named by an identifier that is theirs alone.</summary>
internal sealed class Mentions
{
    private readonly Dictionary<string, Mention> emails = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Mention> userIds = new(StringComparer.Ordinal);

    public Mentions(IReadOnlyList<Identity> subscribers, IReadOnlyCollection<NamedFailure> failures)
    {
        foreach (var failure in failures)
        {
            var mentions = failure.IsEmail ? emails : userIds;
            if (!mentions.TryGetValue(failure.Identifier, out var mention))
            {
                mentions.Add(failure.Identifier, mention = new Mention(failure.List));
            }

            mention.Add(failure.List);
        }

        foreach (var subscriber in subscribers)
        {
            var (email, userId) = Find(subscriber);
            email?.Count();
            userId?.Count();
        }

        foreach (var subscriber in subscribers)
        {
            var naming = Of(subscriber);
            Operations += naming.Any is null ? 0 : 1;
            if (naming.Own is not null)
            {
                PinnedOperations++;
                var (email, userId) = Find(subscriber);
                email?.Explain();
                userId?.Explain();
            }
        }

        LeastFailures = PinnedOperations + emails.Values.Concat(userIds.Values).Count(m => m.IsUnexplained);
    }

    /// <summary>How many operations are named at all.</summary>
    public int Operations { get; }

    /// <summary>How many are named by an identifier that no other operation of the request has.</summary>
    public int PinnedOperations { get; }

    /// <summary>How many must have failed if every name is meant: the pinned ones, and one for each shared name that none of them has.</summary>
    public int LeastFailures { get; }

    public Naming Of(Identity subscriber)
    {
        var (email, userId) = Find(subscriber);
        return new Naming(
            First(email?.List, userId?.List),
            First(email?.OwnList, userId?.OwnList),
            email is not { OwnList: not null, IsConflictOnly: false } && userId is not { OwnList: not null, IsConflictOnly: false });
    }

    private static FailureList? First(FailureList? a, FailureList? b) => a is null || b < a ? b : a;

    private (Mention? Email, Mention? UserId) Find(Identity subscriber)
        => (subscriber.Email is null ? null : emails.GetValueOrDefault(subscriber.Email),
            subscriber.UserId is null ? null : userIds.GetValueOrDefault(subscriber.UserId));

    private sealed class Mention(FailureList first)
    {
        private int operations;
        private bool explained;

        public FailureList List { get; private set; } = first;

        public FailureList? OwnList => operations == 1 ? List : null;

        public bool IsConflictOnly { get; private set; } = true;

        public bool IsUnexplained => operations > 1 && !explained;

        public void Add(FailureList list)
        {
            List = list < List ? list : List;
            IsConflictOnly &= list is FailureList.ConflictEmails or FailureList.ConflictUserIds;
        }

        public void Count() => operations++;

        public void Explain() => explained = true;
    }
}
