using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>What is known of each operation of a batch, and which parts of it are still to be sent. No I/O.</summary>
internal sealed class BatchProgress
{
    private readonly BatchRequest request;
    private readonly OperationResult[] results;
    private readonly bool[] mayBeApplied;
    private readonly Queue<int[]> parts = new();

    // By the part that is sent to confirm it.
    private readonly Dictionary<int[], Claim> claims = [];

    // Sent once more when nothing else is left to send: by then whoever stood in their way has had every chance to move on.
    private readonly List<int> reopened = [];
    private int attempts;

    public BatchProgress(BatchRequest request)
    {
        this.request = request;
        results = new OperationResult[request.Subscribers.Count];
        mayBeApplied = new bool[results.Length];
        if (results.Length > 0)
        {
            parts.Enqueue([.. Enumerable.Range(0, results.Length)]);
        }
    }

    public bool HasNext => parts.Count > 0 || reopened.Count > 0;

    public bool TryNext([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out int[]? part)
    {
        if (parts.Count == 0 && reopened.Count > 0)
        {
            parts.Enqueue([.. reopened.Order()]);
            reopened.Clear();
        }

        return parts.TryDequeue(out part);
    }

    public IReadOnlyList<Identity> Subscribers(int[] part)
        => part.Length == results.Length ? request.Subscribers : Array.ConvertAll(part, i => request.Subscribers[i]);

    /// <summary>Remembers what a call may have done, whatever its last answer says.</summary>
    public void Note(int[] part, IterableCall call, bool isPart)
    {
        attempts = isPart ? attempts : call.Attempts;
        if (call.MayBeApplied)
        {
            Doubt(part);
        }
    }

    /// <summary>Takes the outcomes that an answer gives; what it leaves open goes back into the queue in smaller parts.</summary>
    public void Attribute(int[] part, ListAnswer answer, int status)
    {
        var verdict = Attribution.Attribute(request.Kind, Subscribers(part), answer, status);
        for (var i = 0; i < part.Length; i++)
        {
            results[part[i]] = verdict.Results[i];
        }

        Settle(part, verdict.HaveAllFailed);
        if (verdict.IsComplete)
        {
            return;
        }

        int[] suspects = [.. verdict.Suspects.Select(i => part[i])], unnamed = [.. verdict.Unnamed.Select(i => part[i])];
        Doubt(suspects);
        Doubt(unnamed);
        if (verdict.AddsUp)
        {
            parts.Enqueue(suspects);
            claims.Add(suspects, new Claim(unnamed, status));
            return;
        }

        List<int[]> groups = [.. SuspectGroups.Apart(request.Subscribers, suspects)];
        if (unnamed.Length > 0)
        {
            groups.Insert(0, unnamed);
        }

        if (groups.Count == 1)
        {
            Halve(groups[0]);
            return;
        }

        groups.ForEach(parts.Enqueue);
    }

    /// <summary>A refused part of several rows: the rows that the refusal names and the others, or halves.</summary>
    public void Split(int[] part, Answer refusal)
    {
        Settle(part, haveAllFailed: false);
        var named = refusal.Error?.NamedRows().Where(i => i < part.Length).ToHashSet() ?? [];
        if (named.Count == 0 || named.Count == part.Length)
        {
            Halve(part);
            return;
        }

        parts.Enqueue([.. part.Where((_, i) => !named.Contains(i))]);
        parts.Enqueue([.. part.Where((_, i) => named.Contains(i))]);
    }

    /// <summary>A row that was refused with nobody else in the request.</summary>
    public void Refuse(int[] part, Answer refusal)
    {
        Settle(part, haveAllFailed: false);
        results[part[0]] = RefusedRow.Judge(request.Kind, refusal.Status!.Value, refusal.Error!);
    }

    public BatchResult EndAnswered() => new(results, BatchEnd.Answered, null, attempts);

    public BatchResult EndRefused(Answer refusal)
        => Close(BatchEnd.Answered, null, Outcome.Failed, Reason.RefusedByIterable, $"Iterable refused the request as a whole: {refusal.Summary}", refusal.Status!.Value);

    public BatchResult EndUnattributed()
        => Close(BatchEnd.Answered, null, Outcome.Failed, Reason.Unattributed,
            "Iterable's answer did not say what became of this record, and the sync's budget of extra requests for finding out is used up; a later sync tries again.", 0);

    public BatchResult EndGaveUp(Answer last)
    {
        var message = last.MessageFor(request.Project);
        return Close(BatchEnd.GaveUp, message, Outcome.Failed, Reason.DeliveryFailed, message, last.Status ?? 0);
    }

    public BatchResult EndAborted(Answer answer)
    {
        var message = answer.MessageFor(request.Project);
        return Close(BatchEnd.Abort, message, Outcome.NotSent, Reason.SyncAborted, message, answer.Status ?? 0);
    }

    public BatchResult EndThrottledOut(TimeSpan patience)
    {
        var message = $"Iterable has answered nothing but 429 for {patience:c}, or asks to wait longer than that. {Failures.Of(FailureCategory.Throttled).Advice}";
        return Close(BatchEnd.ThrottledOut, message, Outcome.NotSent, Reason.SyncAborted, message, 429);
    }

    public BatchResult EndStopped(bool isGivenUp)
        => Close(BatchEnd.Stopped, "The sync was stopped before this batch was done.", Outcome.NotSent, Reason.SyncCancelled, null, 0) with { IsGivenUp = isGivenUp };

    private BatchResult Close(BatchEnd end, string? message, Outcome outcome, Reason reason, string? detail, int status)
    {
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Outcome == Outcome.Pending)
            {
                results[i] = new OperationResult(outcome, reason, detail, status, mayBeApplied[i]);
            }
        }

        return new BatchResult(results, end, message, attempts);
    }

    /// <summary>
    /// Ends the claim that a part was to confirm. Sent again by themselves, suspects that had succeeded would succeed again; so if all of them fail,
    /// they are those that failed the first time, and nobody else did. If not, one of the others may have, and they are asked for again.
    /// </summary>
    private void Settle(int[] part, bool haveAllFailed)
    {
        if (claims.Remove(part, out var claim) && haveAllFailed)
        {
            Array.ForEach(claim.Unnamed, i => results[i] = Attribution.Succeeded(request.Kind, claim.Status));
        }
        else if (claim is not null)
        {
            reopened.AddRange(claim.Unnamed);
        }
    }

    private void Doubt(int[] part) => Array.ForEach(part, i => mayBeApplied[i] = true);

    private void Halve(int[] part)
    {
        if (part.Length == 1)
        {
            parts.Enqueue(part);
            return;
        }

        var middle = (part.Length + 1) / 2;
        parts.Enqueue(part[..middle]);
        parts.Enqueue(part[middle..]);
    }

    /// <summary>What an answer says of the operations that it does not name, if those it suspects are the ones that failed.</summary>
    private sealed record Claim(int[] Unnamed, int Status);
}
