using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>
/// From Iterable's counted answer to an outcome for every operation of the request. Pure.
/// An outcome is given only on evidence. A failure: a list names the operation and no other of the request. A success: every failure that was
/// counted is pinned to one operation in that way, and no list names this one. Everything else stays open, to be sent again in smaller requests:
/// an identifier that several operations have (in hybrid projects, an e-mail under several userIds) tells nothing about any of them.
/// </summary>
internal static class Attribution
{
    /// <summary>What one answer says.</summary>
    /// <param name="Results">One for each subscriber; <see cref="Outcome.Pending"/> where it is open.</param>
    /// <param name="Suspects">Places of open operations that a list names, though another one may be meant.</param>
    /// <param name="Unnamed">Places of open operations that no list names.</param>
    internal readonly record struct Verdict(OperationResult[] Results, IReadOnlyList<int> Suspects, IReadOnlyList<int> Unnamed)
    {
        public bool IsComplete => Suspects.Count == 0 && Unnamed.Count == 0;
    }

    /// <summary>Attributes an answer to the request that it answers.</summary>
    public static Verdict Attribute(OperationKind kind, IReadOnlyList<Identity> subscribers, ListAnswer answer, int status = 200)
    {
        var results = new OperationResult[subscribers.Count];
        if (subscribers.Count == 1)
        {
            results[0] = Single(kind, answer, status);
            return new Verdict(results, [], []);
        }

        var mentions = answer.Failures.Count == 0 ? null : new Mentions(subscribers, answer.Failures);
        var (named, certain, least) = mentions is null ? (0, 0, 0) : (mentions.Operations, mentions.CertainOperations, mentions.LeastFailures);
        var allPinned = answer.SuccessCount + answer.FailCount == subscribers.Count && certain == answer.FailCount && named == certain;

        // More were named than failed: somebody is named by mistake. A conflict lists the *existing* identifier that stood in the way,
        // and that may belong to another row of the batch.
        var tooMany = least > answer.FailCount;
        List<int> suspects = [], unnamed = [];
        for (var i = 0; i < results.Length; i++)
        {
            var (any, own) = mentions is null ? (null, null) : mentions.Of(subscribers[i]);
            if (own is not null && !tooMany)
            {
                results[i] = Failed(kind, own.Value, status, mayBeApplied: false);
            }
            else if (any is not null)
            {
                suspects.Add(i);
            }
            else if (allPinned)
            {
                results[i] = Succeeded(kind, status);
            }
            else
            {
                unnamed.Add(i);
            }
        }

        return new Verdict(results, suspects, unnamed);
    }

    /// <summary>What follows from being on a failure list.</summary>
    internal static OperationResult Failed(OperationKind kind, FailureList list, int status, bool mayBeApplied)
    {
        var subscribe = kind == OperationKind.Subscribe;
        var (outcome, reason) = list switch
        {
            FailureList.ForgottenEmails or FailureList.ForgottenUserIds => (subscribe ? Outcome.Forgotten : Outcome.Unsubscribed, Reason.UserForgotten),
            FailureList.ConflictEmails or FailureList.ConflictUserIds => (Outcome.Failed, Reason.IdentityConflict),
            FailureList.InvalidEmails => (Outcome.Failed, Reason.IterableInvalidEmail),
            FailureList.InvalidUserIds => (Outcome.Failed, Reason.IterableInvalidUserId),
            FailureList.InvalidDataEmails or FailureList.InvalidDataUserIds => (Outcome.Failed, Reason.InvalidData),
            _ => subscribe ? (Outcome.Failed, Reason.UserNotFound) : (Outcome.Unsubscribed, Reason.WasNotMember),
        };
        return new OperationResult(outcome, reason, $"Iterable lists the person in {ListAnswer.NameOf(list)}.", status, mayBeApplied && outcome == Outcome.Failed && subscribe);
    }

    internal static OperationResult Succeeded(OperationKind kind, int status)
        => new(kind == OperationKind.Subscribe ? Outcome.Subscribed : Outcome.Unsubscribed, Reason.None, null, status, false);

    /// <summary>The answer to a request of one operation is about that operation, whatever identifier it lists.</summary>
    private static OperationResult Single(OperationKind kind, ListAnswer answer, int status)
    {
        if (answer.Failures.Count > 0)
        {
            return Failed(kind, answer.Failures.Min(f => f.List), status, mayBeApplied: answer.SuccessCount > 0);
        }

        return answer is { SuccessCount: 1, FailCount: 0 }
            ? Succeeded(kind, status)
            : new OperationResult(
                Outcome.Failed,
                Reason.Unattributed,
                $"Sent alone, Iterable counted {answer.SuccessCount} succeeded and {answer.FailCount} failed and named no reason.",
                status,
                kind == OperationKind.Subscribe);
    }

    /// <summary>Which operations of a request the failure lists name, and which of them are named by an identifier that is theirs alone.</summary>
    private sealed class Mentions
    {
        private readonly Dictionary<string, Mention> emails = new(StringComparer.OrdinalIgnoreCase);
        private readonly Dictionary<string, Mention> userIds = new(StringComparer.Ordinal);

        public Mentions(IReadOnlyList<Identity> subscribers, IReadOnlyCollection<NamedFailure> failures)
        {
            foreach (var failure in failures)
            {
                var mentions = failure.IsEmail ? emails : userIds;
                if (mentions.TryGetValue(failure.Identifier, out var mention))
                {
                    mention.List = failure.List < mention.List ? failure.List : mention.List;
                }
                else
                {
                    mentions.Add(failure.Identifier, new Mention { List = failure.List });
                }
            }

            foreach (var subscriber in subscribers)
            {
                var (email, userId) = Find(subscriber);
                email?.Count();
                userId?.Count();
            }

            foreach (var subscriber in subscribers)
            {
                var (any, certain) = Of(subscriber);
                Operations += any is null ? 0 : 1;
                if (certain is not null)
                {
                    CertainOperations++;
                    var (email, userId) = Find(subscriber);
                    email?.Explain();
                    userId?.Explain();
                }
            }

            LeastFailures = CertainOperations + emails.Values.Concat(userIds.Values).Count(m => m.IsUnexplained);
        }

        /// <summary>How many operations are named at all.</summary>
        public int Operations { get; }

        /// <summary>How many are named by an identifier that no other operation of the request has.</summary>
        public int CertainOperations { get; }

        /// <summary>How many must have failed if every name is meant: the certain ones, and one for each shared name that none of them has.</summary>
        public int LeastFailures { get; }

        /// <summary>The first list that names the operation, and the first that names it and no other.</summary>
        public (FailureList? Any, FailureList? Certain) Of(Identity subscriber)
        {
            var (email, userId) = Find(subscriber);
            return (First(email?.List, userId?.List), First(email?.CertainList, userId?.CertainList));
        }

        private static FailureList? First(FailureList? a, FailureList? b) => a is null || b < a ? b : a;

        private (Mention? Email, Mention? UserId) Find(Identity subscriber)
            => (subscriber.Email is null ? null : emails.GetValueOrDefault(subscriber.Email),
                subscriber.UserId is null ? null : userIds.GetValueOrDefault(subscriber.UserId));

        private sealed class Mention
        {
            private int operations;
            private bool explained;

            public FailureList List { get; set; }

            public FailureList? CertainList => operations == 1 ? List : null;

            public bool IsUnexplained => operations > 1 && !explained;

            public void Count() => operations++;

            public void Explain() => explained = true;
        }
    }
}
