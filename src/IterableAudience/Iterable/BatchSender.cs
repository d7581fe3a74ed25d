using IterableAudience.Records;
using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>
/// Sends one batch until each of its operations has an outcome of its own. A batch that is refused, or whose counts don't add up, is sent again
/// in parts, the larger ones first, until the rows to blame stand alone; the request before that is never repeated here (see <see cref="IterableResilience"/>).
/// </summary>
internal sealed class BatchSender(IterableClient client, IOptions<IterableOptions> options)
{
    /// <summary>Sends a batch.</summary>
    /// <param name="request">The batch; not empty.</param>
    /// <param name="stop">Once set, no further request starts and waits end; a request on the wire is awaited, until the <see cref="LastCall"/>, and its answer used.</param>
    public async Task<BatchResult> SendAsync(BatchRequest request, CancellationToken stop)
    {
        var batch = new BatchProgress(request);
        var refusals = new RefusalStreak();
        var isPart = false;
        while (batch.TryNext(out var part))
        {
            if (isPart && !request.Isolation.TryTake())
            {
                return batch.EndUnattributed();
            }

            var call = await CallAsync(request, batch.Subscribers(part), isPart, stop);
            if (End(batch, part, call, isPart, stop) is { } ended)
            {
                return ended;
            }

            var answer = call.Answer!;
            switch (answer.Failure.Remedy)
            {
                case Remedy.None:
                    batch.Attribute(part, (ListAnswer)answer.Content!, answer.Status!.Value);
                    refusals.Reset();
                    break;
                case Remedy.Refuse:
                    return batch.EndRefused(answer);
                case Remedy.Halve when part.Length == 1:
                    batch.Refuse(part, answer);
                    refusals.Note(answer);
                    break;
                default:
                    batch.Split(part, answer);
                    refusals.Note(answer);
                    break;
            }

            isPart = true;
            if (refusals.IsProbeDue && batch.HasNext && await IsRefusedForNobodyAsync(request, refusals, stop))
            {
                return batch.EndRefused(answer);
            }
        }

        return batch.EndAnswered();
    }

    /// <summary>How the whole batch ends because of this call; null when it goes on.</summary>
    private BatchResult? End(BatchProgress batch, int[] part, IterableCall call, bool isPart, CancellationToken stop)
    {
        batch.Note(part, call, isPart);
        var isListStillAwaited = call.ListMisses > 0 && call.Attempts == 0 && stop.IsCancellationRequested;
        if (call.Answer is { IsUnderstood: true } answer && !isListStillAwaited)
        {
            return answer.Failure.Remedy == Remedy.Abort ? batch.EndAborted(answer) : null;
        }

        if (stop.IsCancellationRequested && !call.IsPausedOut)
        {
            return batch.EndStopped(call.IsGivenUp);
        }

        return call.IsPausedOut || call.Answer!.Failure.Remedy == Remedy.SlowDown
            ? batch.EndThrottledOut(options.Value.ThrottlePatience)
            : batch.EndGaveUp(call.Answer);
    }

    /// <summary>Asks with no rows at all, when everything is refused alike: if that is refused alike too, no row is to blame.</summary>
    private async Task<bool> IsRefusedForNobodyAsync(BatchRequest request, RefusalStreak refusals, CancellationToken stop)
    {
        refusals.IsProbeDone = true;
        if (stop.IsCancellationRequested || !request.Isolation.TryTake())
        {
            return false;
        }

        var call = await CallAsync(request, [], isPart: true, stop);
        return call.Answer is { } answer && refusals.IsLike(answer);
    }

    private Task<IterableCall> CallAsync(BatchRequest request, IReadOnlyList<Identity> subscribers, bool isPart, CancellationToken stop)
    {
        void Log(AttemptReport report) => request.Log(new RequestLogEntry(
            report.At,
            request.Kind,
            subscribers.Count,
            report.Answer.Status,
            report.Duration,
            report.Attempt,
            report.Answer.Summary,
            report.Answer.Failure.Category == FailureCategory.Throttled,
            isPart));

        if (isPart)
        {
            IterableTelemetry.Part(request.Kind);
        }

        return request.Kind == OperationKind.Subscribe
            ? client.SubscribeAsync(request, subscribers, Log, stop)
            : client.UnsubscribeAsync(request, subscribers, Log, stop);
    }

    /// <summary>Watches for a batch whose every part is refused alike.</summary>
    private sealed class RefusalStreak
    {
        // The batch and both of its halves. Two would ask whenever the one bad row is in the first half.
        private const int Suspicious = 3;
        private string? summary;
        private int count;

        public bool IsProbeDone { get; set; }

        public bool IsProbeDue => !IsProbeDone && count >= Suspicious;

        public void Reset() => (summary, count) = (null, 0);

        public void Note(Answer answer) => (summary, count) = (answer.Summary, IsLike(answer) ? count + 1 : 1);

        public bool IsLike(Answer answer) => answer.Failure.Remedy == Remedy.Halve && answer.Summary == summary;
    }
}
