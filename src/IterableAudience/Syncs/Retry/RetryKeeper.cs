using System.Data.Common;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Report;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Retry;

/// <summary>
/// Keeps what a sync leaves open for the next one of its connection. A planned sync has looked at all that was kept before: what it tried again and
/// what is open now takes the place of all that. It is made of what the sync recorded, slice by slice, so it can be done again after a crash.
/// </summary>
internal sealed class RetryKeeper(LeanStore store, KeyedHash hash, BatchStore batches, Sync sync)
{
    /// <summary>Outcomes by which a chunk may have something to keep.</summary>
    private const long OpenBits = (1L << (int)Outcome.Failed) | (1L << (int)Outcome.NotSent);

    private readonly BlobWriter?[] _blobs = new BlobWriter?[Stager.LargePartitions];
    private readonly int[] _counts = new int[Stager.LargePartitions];
    private readonly Dictionary<(Stage, int), int> _batchAttempts = [];
    private int _gathered;
    private int _seq;

    /// <param name="unsent">What a record without an answer is, now that the sync has ended.</param>
    /// <param name="cancel">Shutdown; the rest is done at the next start.</param>
    public async Task KeepAsync(RecordOutcome unsent, CancellationToken cancel)
    {
        await RetrySet.RemoveAsync(store, sync.ConnectionNo, sync.PlanSyncNo, sync.PlanSyncNo, cancel); // of a close that was cut off
        using var connection = store.OpenRead();
        var outcomes = new OutcomeReader(connection, batches, sync.PlanSyncNo, unsent);
        for (var part = 0; part < Math.Max(1, sync.Partitions); part++)
        {
            _seq = part * 1000; // rows of two slices may meet in one: a keyless member is tried by the key that its identity gives
            if (sync.PlanHash is null)
            {
                await KeepUnplannedAsync(connection, part, unsent, cancel);
            }
            else
            {
                await KeepPlannedAsync(connection, part, outcomes, cancel);
            }

            await FlushAsync(cancel);
        }

        if (sync.PlanHash is not null)
        {
            await RetrySet.RemoveAsync(store, sync.ConnectionNo, 0, sync.PlanSyncNo - 1, cancel);
        }
    }

    private async Task KeepPlannedAsync(DbConnection connection, int part, OutcomeReader outcomes, CancellationToken cancel)
    {
        // The bits are noted by the sync that owns the plan; an approval looks for itself.
        var chunks = connection.Rows(
            $"""
            SELECT c.seq, c.blob, v.blob FROM verdict v JOIN chunk c ON c.sync = v.sync AND c.part = v.part AND c.seq = v.seq
            WHERE v.sync = @s AND v.part = @p{(sync.PlanSyncNo == sync.No ? $" AND (v.outcomes & {OpenBits}) <> 0" : "")} ORDER BY v.seq
            """,
            r => (Seq: r.GetInt32(0), Chunk: r.Blob(1), Verdicts: r.Blob(2)), ("@s", sync.PlanSyncNo), ("@p", part));
        if (chunks.Count == 0)
        {
            return;
        }

        var operations = outcomes.Operations(part);
        var failures = connection.Rows(
            "SELECT ord, attempts FROM failure WHERE sync = @s AND part = @p", r => (Ord: r.GetInt32(0), Attempts: r.GetInt32(1)), ("@s", sync.No), ("@p", part))
            .ToDictionary(f => f.Ord, f => f.Attempts);
        List<(StagedRecord Record, int Attempts)> open = [];
        List<StagedRecord> records = [];
        foreach (var (seq, chunk, blob) in chunks)
        {
            records.Clear();
            ChunkCodec.Read(chunk, seq, records);
            var verdicts = Verdict.ReadAll(blob);
            for (var i = 0; i < verdicts.Count; i++)
            {
                if (IsOpen(records[i], verdicts[i], operations))
                {
                    open.Add((records[i], records[i].Attempts + Attempts(connection, verdicts[i], operations, failures)));
                }
            }
        }

        var names = NamesOf(connection, part, open);
        foreach (var (record, attempts) in open)
        {
            var identity = record.HasIdentity ? record.Identity : names.GetValueOrDefault(record.Text(record.PrimaryKey)!);
            await AddAsync(record, identity, attempts, cancel);
        }
    }

    /// <summary>A sync that met a fault before it had a plan: all that it would have planned is open, behind what was kept before.</summary>
    private async Task KeepUnplannedAsync(DbConnection connection, int part, RecordOutcome unsent, CancellationToken cancel)
    {
        List<StagedRecord> records = [];
        foreach (var (seq, blob) in connection.Rows(
            "SELECT seq, blob FROM chunk WHERE sync = @s AND part = @p ORDER BY seq", r => (r.GetInt32(0), r.Blob(1)), ("@s", sync.No), ("@p", part)))
        {
            records.Clear();
            ChunkCodec.Read(blob, seq, records);
            foreach (var record in records)
            {
                if (!ReportBuilder.IsOfPlan(record) && record.Key.Kind != KeyKind.None && ReportBuilder.Unplanned(record, unsent) == unsent)
                {
                    await AddAsync(record, record.Identity, 0, cancel);
                }
            }
        }
    }

    /// <summary>
    /// Whether a record is to be tried again: it failed, or the end of the sync came before it. A cancelled sync keeps only what was kept already.
    /// What the ledger has as leaving is planned by every sync and needs no keeping; of a changed identity that is the old one, so there only the
    /// subscribe counts.
    /// </summary>
    private static bool IsOpen(in StagedRecord record, Verdict verdict, OutcomeReader.OfOperation[] operations)
    {
        if (verdict.IsFinal || (record.IsRetried && record.Seq == CutStep.OwnSeq))
        {
            return false;
        }

        var outcome = record.Action == RecordAction.Delete ? OutcomeReader.Of(verdict, operations) : operations[verdict.FirstOrd].Outcome;
        return outcome.Outcome == Outcome.Failed
            || (outcome.Outcome == Outcome.NotSent && (outcome.Reason == Reason.SyncAborted || record.IsRetried));
    }

    /// <summary>How often this sync sent the record: what its own page shows, too.</summary>
    private int Attempts(DbConnection connection, Verdict verdict, OutcomeReader.OfOperation[] operations, Dictionary<int, int> failures)
    {
        var outcome = OutcomeReader.Of(verdict, operations);
        for (var ord = verdict.FirstOrd; ord < verdict.FirstOrd + verdict.Count; ord++)
        {
            if (operations[ord].Outcome == outcome)
            {
                return outcome.Outcome == Outcome.Failed ? failures.GetValueOrDefault(ord) : OfBatch(connection, operations[ord].Stage, operations[ord].Batch);
            }
        }

        return 0;
    }

    private int OfBatch(DbConnection connection, Stage stage, int batch)
    {
        if (_batchAttempts.TryGetValue((stage, batch), out var known))
        {
            return known;
        }

        return _batchAttempts[(stage, batch)] = (int)connection.Count(
            "SELECT CAST(attempts AS BIGINT) FROM result WHERE sync = @s AND stage = @g AND n = @n AND number > 0",
            ("@s", sync.No), ("@g", (int)stage), ("@n", batch));
    }

    /// <summary>Whom earlier records of the same sync named by the key of a delete that names nobody itself.</summary>
    private Dictionary<string, Identity> NamesOf(DbConnection connection, int part, List<(StagedRecord Record, int Attempts)> open)
    {
        var nameless = open.Where(o => !o.Record.HasIdentity).Select(o => o.Record.Text(o.Record.PrimaryKey)!).ToHashSet(StringComparer.Ordinal);
        var names = new Dictionary<string, Identity>(StringComparer.Ordinal);
        if (nameless.Count == 0)
        {
            return names;
        }

        List<StagedRecord> records = [];
        foreach (var blob in connection.Rows(
            "SELECT blob FROM chunk WHERE sync = @s AND part = @p AND seq < @q ORDER BY seq", r => r.Blob(0),
            ("@s", sync.PlanSyncNo), ("@p", part), ("@q", CutStep.RetrySeq)))
        {
            records.Clear();
            ChunkCodec.Read(blob, 0, records);
            foreach (var record in records)
            {
                if (record is { HasIdentity: true, Rejection: Reason.None } && record.Text(record.PrimaryKey) is { } key && nameless.Contains(key))
                {
                    names[key] = record.Identity;
                }
            }
        }

        return names;
    }

    private async ValueTask AddAsync(StagedRecord record, Identity identity, int attempts, CancellationToken cancel)
    {
        var (kind, key) = record.Key;
        var part = Stager.PartOf(hash.Key((byte)kind, key.Of(record.Blob)), Stager.LargePartitions);
        if (_blobs[part] is not { } blob)
        {
            _blobs[part] = blob = new BlobWriter();
        }

        if (blob.Length == 0)
        {
            blob.Byte(ChunkCodec.Version);
        }

        ChunkCodec.WriteRetried(blob, record, identity, attempts, record.Since == 0 ? sync.PlanSyncNo : record.Since);
        _counts[part]++;
        if (++_gathered == RetrySet.PerTransaction)
        {
            await FlushAsync(cancel);
        }
    }

    private async Task FlushAsync(CancellationToken cancel)
    {
        if (_gathered == 0)
        {
            return;
        }

        await store.WriteAsync(
            write =>
            {
                using var insert = RetrySet.Adding(write).Bind(1, sync.ConnectionNo).Bind(2, sync.PlanSyncNo).Bind(3, _seq);
                for (var part = 0; part < _blobs.Length; part++)
                {
                    if (_counts[part] > 0)
                    {
                        insert.Bind(4, part).Bind(5, _counts[part]).Bind(6, _blobs[part]!.Written).Run();
                    }
                }

                insert.Finish();
            },
            durable: false,
            cancel);
        Array.Clear(_blobs); // each slice of a large sync fills one of them: they must not all stay
        Array.Clear(_counts);
        (_gathered, _seq) = (0, _seq + 1);
    }
}
