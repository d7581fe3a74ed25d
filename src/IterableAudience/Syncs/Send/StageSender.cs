using System.Diagnostics;
using IterableAudience.Iterable;
using IterableAudience.Records;

namespace IterableAudience.Syncs.Send;

/// <summary>How the sending of a stage ended.</summary>
/// <param name="Abort">Set when no batch of this sync can succeed any more: one sentence that says what to check.</param>
/// <param name="Stopped">The stop token was set before all was sent.</param>
internal readonly record struct StageEnd(string? Abort, bool Stopped);

/// <summary>
/// Steps 7 to 9 of the spine for one stage: sends its open batches, as many at once as the project allows, and records each answer as it comes.
/// </summary>
internal sealed class StageSender(BatchSender sender, Recorder recorder, ISendGate gate, IterableOptions options, TimeProvider time)
{
    /// <summary>So many batches in a row that could not be delivered, and the sync gives up.</summary>
    private const int GiveUpAfter = 5;

    /// <summary>One, and another when a server that crashed has forgotten a record that it had taken; not for ever.</summary>
    private const int Rounds = 4;

    private int _givenUpInARow;
    private string? _abort;

    /// <summary>Sends what is open. <paramref name="stop"/> starts no further request; what is on the wire is still recorded, if it is answered before the <see cref="LastCall"/>.</summary>
    /// <param name="work">The sync.</param>
    /// <param name="stage">One of the sending stages.</param>
    /// <param name="recordStopped">True: a batch that was stopped half-way is recorded as it is (a cancel). False: it is left open, to be sent again (a shutdown).</param>
    /// <param name="stop">Cancel or shutdown.</param>
    public async Task<StageEnd> SendAsync(SyncWork work, Stage stage, Func<bool> recordStopped, CancellationToken stop)
    {
        for (var round = 0; round < Rounds && work.Batches.Pending(stage) is { Count: > 0 } open; round++)
        {
            await SendAsync(work, stage, open, recordStopped, stop);
            if (_abort is not null || stop.IsCancellationRequested)
            {
                break;
            }
        }

        return new StageEnd(_abort, stop.IsCancellationRequested);
    }

    private async Task SendAsync(SyncWork work, Stage stage, List<int> open, Func<bool> recordStopped, CancellationToken stop)
    {
        // Two more than may be in flight: they are prepared or recorded while the others are on the wire.
        var limit = (work.Project.MaxInFlight ?? options.MaxInFlight) + 2;
        var before = Started(work, stage).ToHashSet();
        List<Task> running = [];
        foreach (var number in open)
        {
            if (_abort is not null || stop.IsCancellationRequested)
            {
                break;
            }

            running.Add(Task.Run(() => SendBatchAsync(work, stage, number, before.Contains(number), recordStopped, stop), CancellationToken.None));
            if (running.Count >= limit)
            {
                var done = await Task.WhenAny(running);
                if (!done.IsCompletedSuccessfully)
                {
                    break; // trouble with the store: whoever starts again must not meet those that are still on the wire
                }

                running.Remove(done);
            }
        }

        await Task.WhenAll(running);
    }

    /// <param name="work">The sync.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="number">The batch.</param>
    /// <param name="again">An earlier round, or an earlier process, may have sent it, and never learnt the answer.</param>
    /// <param name="recordStopped">See <see cref="SendAsync(SyncWork, Stage, Func{bool}, CancellationToken)"/>.</param>
    /// <param name="stop">Cancel or shutdown.</param>
    private async Task SendBatchAsync(SyncWork work, Stage stage, int number, bool again, Func<bool> recordStopped, CancellationToken stop)
    {
        var kind = stage is Stage.Subscribe or Stage.RetryConflicts ? OperationKind.Subscribe : OperationKind.Unsubscribe;
        using var span = SyncTelemetry.StartBatch(stage, number, kind);
        try
        {
            await SendBatchAsync(work, stage, number, kind, span, again, recordStopped, stop);
        }
        catch (Exception e) when (SyncTelemetry.Pass(span, e))
        {
            throw;
        }
    }

    private async Task SendBatchAsync(
        SyncWork work, Stage stage, int number, OperationKind kind, Activity? span, bool again, Func<bool> recordStopped, CancellationToken stop)
    {
        List<RequestLogEntry> requests = [];
        var batch = await WaitAsync(work, Wait.Store, async () =>
        {
            work.Progress.Started[(stage, number)] = true;
            var noted = recorder.StartAsync(stage, number, CancellationToken.None);
            try
            {
                return work.Batches.Load(stage, number);
            }
            finally
            {
                await noted;
            }
        });
        var result = await WaitAsync(work, Wait.Iterable, () => SendAsync(
            work.Progress,
            new BatchRequest(
                work.Project, work.Sync.Id, work.Connection.AudienceId, kind,
                batch.Subscribers(both: kind == OperationKind.Subscribe),
                work.Connection.UpdateExistingUsersOnly, work.Connection.ListCreatedAt, work.Isolation,
                entry =>
                {
                    requests.Add(entry);
                    work.Progress.Requested(entry);
                },
                gate),
            stop));

        SyncTelemetry.EndBatch(span, result);
        Judge(result);
        if (result.End == BatchEnd.Stopped && !recordStopped())
        {
            if (!again && !Array.Exists(result.Results, r => r.MayBeApplied || r.Outcome != Outcome.NotSent))
            {
                await recorder.NotStartedAsync(stage, number);
                work.Progress.Started.TryRemove((stage, number), out _);
            }

            return;
        }

        var results = again ? Array.ConvertAll(result.Results, Doubted) : result.Results;
        var answer = new RecordedAnswer(batch, results, Math.Max(1, result.Attempts), time.GetUtcNow(), requests);
        await WaitAsync(work, Wait.Store, async () =>
        {
            await recorder.RecordAsync(answer, Interlocked.Increment(ref work.NextBatchNumber), CancellationToken.None);
            return true;
        });
        work.Progress.Settled(kind, results);
    }

    private async Task<BatchResult> SendAsync(SyncProgress progress, BatchRequest request, CancellationToken stop)
    {
        var isGivenUp = false;
        progress.BeginBatch();
        try
        {
            var result = await sender.SendAsync(request, stop);
            isGivenUp = result.IsGivenUp;
            return result;
        }
        finally
        {
            if (!isGivenUp)
            {
                progress.EndBatch();
            }
        }
    }

    private static async Task<T> WaitAsync<T>(SyncWork work, Wait cause, Func<Task<T>> wait)
    {
        work.Progress.Waits.Begin(cause);
        try
        {
            return await wait();
        }
        finally
        {
            work.Progress.Waits.End(cause);
        }
    }

    /// <summary>
    /// The sync is cut short before this stage, or in it: batches that an earlier process may have sent, and that are not sent again now, are
    /// recorded with that doubt. Nobody whom the service may have put on a list is without an entry, and nobody who may be off it is a member.
    /// </summary>
    public async Task LeaveAsync(SyncWork work, Stage stage, CancellationToken cancel)
    {
        foreach (var number in Started(work, stage))
        {
            var batch = work.Batches.Load(stage, number);
            var results = new OperationResult[batch.Count];
            Array.Fill(results, new OperationResult(Outcome.NotSent, Reason.SyncCancelled, null, 0, MayBeApplied: true));
            await recorder.RecordAsync(new RecordedAnswer(batch, results, 0, time.GetUtcNow(), []), 0, cancel);
        }
    }

    /// <summary>Batches without a result of which a request may have gone out, by what the store noted or this process remembers.</summary>
    private static IEnumerable<int> Started(SyncWork work, Stage stage)
    {
        var noted = work.Batches.Started(stage);
        return work.Progress.Started.IsEmpty ? noted : noted.Union(work.Batches.Pending(stage).Where(n => work.Progress.Started.ContainsKey((stage, n)))).Order();
    }

    /// <summary>What this run did not get to Iterable, an earlier one may have.</summary>
    private static OperationResult Doubted(OperationResult result)
        => result.Outcome == Outcome.NotSent || result is { Outcome: Outcome.Failed, Reason: Reason.DeliveryFailed or Reason.Unattributed }
            ? result with { MayBeApplied = true }
            : result;

    private void Judge(BatchResult result)
    {
        switch (result.End)
        {
            case BatchEnd.GaveUp when Interlocked.Increment(ref _givenUpInARow) >= GiveUpAfter:
                _abort ??= $"{GiveUpAfter} batches in a row could not be delivered: {result.Message} Check that Iterable can be reached from here, then start the sync again.";
                break;
            case BatchEnd.Abort or BatchEnd.ThrottledOut:
                _abort ??= result.Message ?? "Iterable refuses the sync.";
                break;
            case BatchEnd.Answered:
                Volatile.Write(ref _givenUpInARow, 0);
                break;
        }
    }
}
