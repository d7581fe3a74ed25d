using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>
/// From Iterable's counted answer to an outcome for every operation of the request. Pure.
/// An outcome is given only on evidence. A failure: a list names the operation and no other of the request. A success: every failure that was
/// counted is pinned to one operation in that way, and no list names this one. Everything else stays open, to be sent again in smaller requests:
/// an identifier that several operations have (in hybrid projects, an e-mail under several userIds) tells nothing about any of them.
/// A conflict list holds the existing identifier that stood in the way, which may be another operation's than the one that failed. So what it names
/// is a suspect, unless everybody has failed.
/// </summary>
internal static class Attribution
{
    /// <summary>What one answer says.</summary>
    /// <param name="Results">One for each subscriber; <see cref="Outcome.Pending"/> where it is open.</param>
    /// <param name="Suspects">Places of open operations that a list names, though another one may be meant.</param>
    /// <param name="Unnamed">Places of open operations that no list names.</param>
    /// <param name="AddsUp">Each failure that was counted has a name of its own: if the suspects have failed, the unnamed ones have succeeded.</param>
    /// <param name="HaveAllFailed">Each operation is counted and named as failed.</param>
    internal readonly record struct Verdict(
        OperationResult[] Results, IReadOnlyList<int> Suspects, IReadOnlyList<int> Unnamed, bool AddsUp, bool HaveAllFailed)
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
            return new Verdict(results, [], [], AddsUp: true, answer is { SuccessCount: 0, FailCount: 1, Failures.Count: > 0 });
        }

        var mentions = answer.Failures.Count == 0 ? null : new Mentions(subscribers, answer.Failures);
        var (named, pinned, least) = mentions is null ? (0, 0, 0) : (mentions.Operations, mentions.PinnedOperations, mentions.LeastFailures);
        var addsUp = answer.SuccessCount + answer.FailCount == subscribers.Count && pinned == answer.FailCount && named == pinned;
        var haveAllFailed = addsUp && pinned == subscribers.Count;

        // More were named than failed: somebody is named by mistake.
        var tooMany = least > answer.FailCount;
        List<int> suspects = [], unnamed = [];
        for (var i = 0; i < results.Length; i++)
        {
            var naming = mentions?.Of(subscribers[i]) ?? default;
            if (naming.Own is { } own && (haveAllFailed || (!tooMany && !naming.IsConflictOnly)))
            {
                results[i] = Failed(kind, own, status, mayBeApplied: false);
            }
            else
            {
                (naming.Any is null ? unnamed : suspects).Add(i);
            }
        }

        if (addsUp && suspects.Count == 0)
        {
            unnamed.ForEach(i => results[i] = Succeeded(kind, status));
            unnamed = [];
        }

        return new Verdict(results, suspects, unnamed, addsUp, haveAllFailed);
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
}
