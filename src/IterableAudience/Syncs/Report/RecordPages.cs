using System.Data.Common;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Report;

/// <summary>Where a page of records begins: slice, chunk, place in the chunk.</summary>
internal readonly record struct RecordCursor(int Part, int Seq, int Index)
{
    /// <summary>Opaque to clients.</summary>
    public string Encode() => System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.ASCII.GetBytes($"{Part}.{Seq}.{Index}"));

    public static bool TryDecode(string text, out RecordCursor cursor)
    {
        cursor = default;
        try
        {
            var parts = System.Text.Encoding.ASCII.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(text)).Split('.');
            if (parts.Length != 3 || !int.TryParse(parts[0], out var part) || !int.TryParse(parts[1], out var seq) || !int.TryParse(parts[2], out var index))
            {
                return false;
            }

            cursor = new(part, seq, index);
            return part >= 0 && seq >= 0 && index >= 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}

/// <summary>
/// Reads what became of the records of a sync, in the order in which they are stored (the order of arrival within a slice of the key space),
/// chunk by chunk; chunks without a wanted outcome are passed over unread.
/// </summary>
internal sealed class RecordPages(LeanStore store, Sync sync, bool masked, RecordOutcome? unsent = null)
{
    private readonly RecordOutcome _unsent = unsent ?? SyncCloser.Unsent(sync.Active ? SyncOutcome.Running : sync.Outcome);

    /// <summary>Reads on from a cursor. Each record comes with the cursor of the one behind it.</summary>
    public IEnumerable<(RecordView View, RecordCursor Next)> Read(RecordFilter filter, RecordCursor from)
        => Walk(filter, from).Where(step => step.View is not null).Select(step => (step.View!, step.Next));

    /// <summary>One page, for which at most some records are looked at: where few of many match, the page may be short, and the next one goes on from there.</summary>
    /// <param name="filter">Which records.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="size">Records on the page, at most.</param>
    /// <param name="mostLookedAt">After so many, matching or not, a chunk is the last.</param>
    /// <returns>The records, where the next page begins (null: there is none), and whether the page is short of its size although there may be more.</returns>
    public (IReadOnlyList<RecordView> Records, RecordCursor? Next, bool IsShort) Page(RecordFilter filter, RecordCursor from, int size, int mostLookedAt = int.MaxValue)
    {
        List<RecordView> page = [];
        RecordCursor last = default;
        var lookedAt = 0L;
        foreach (var (view, next, records) in Walk(filter, from))
        {
            lookedAt += records;
            if (view is null)
            {
                if (lookedAt >= mostLookedAt)
                {
                    return (page, next, true);
                }

                continue;
            }

            if (page.Count == size)
            {
                return (page, last, false);
            }

            page.Add(view);
            last = next;
        }

        return (page, null, false);
    }

    /// <summary>Every match, and at the end of each chunk that was looked at how many records it has.</summary>
    private IEnumerable<(RecordView? View, RecordCursor Next, int LookedAt)> Walk(RecordFilter filter, RecordCursor from)
    {
        using var connection = store.OpenRead();
        var batches = new BatchStore(store, sync.No, sync.PlanSyncNo);
        var owned = sync.PlanSyncNo == sync.No; // an approval runs another sync's plan: that one's outcome bits don't speak for it
        for (var part = from.Part; part < Math.Max(1, sync.Partitions); part++)
        {
            var slice = new Lazy<SliceView>(() => new SliceView(connection, batches, sync, part, _unsent));
            foreach (var (seq, bits) in Chunks(connection, part))
            {
                if ((part == from.Part && seq < from.Seq) || (owned && !sync.Active && bits != 0 && (bits & filter.Bits) == 0))
                {
                    continue;
                }

                var start = part == from.Part && seq == from.Seq ? from.Index : 0;
                foreach (var found in ReadChunk(connection, slice.Value, part, seq, start, filter))
                {
                    yield return found;
                }
            }
        }
    }

    private IEnumerable<(RecordView? View, RecordCursor Next, int LookedAt)> ReadChunk(
        DbConnection connection, SliceView slice, int part, int seq, int start, RecordFilter filter)
    {
        List<StagedRecord> records = [];
        ChunkCodec.Read(
            connection.Rows(
                "SELECT blob FROM chunk WHERE sync = @s AND part = @p AND seq = @q", r => r.Blob(0), ("@s", sync.PlanSyncNo), ("@p", part), ("@q", seq)).Single(),
            seq,
            records);
        var verdicts = sync.PlanHash is null ? null : connection.Rows(
            "SELECT blob FROM verdict WHERE sync = @s AND part = @p AND seq = @q", r => Verdict.ReadAll(r.Blob(0)),
            ("@s", sync.PlanSyncNo), ("@p", part), ("@q", seq)).FirstOrDefault();
        for (var i = start; i < records.Count; i++)
        {
            if (verdicts is null && ReportBuilder.IsOfPlan(records[i]))
            {
                continue; // of a plan that is not finished
            }

            var outcome = verdicts is null ? ReportBuilder.Unplanned(records[i], _unsent) : OutcomeReader.Of(verdicts[i], slice.Operations);
            if (filter.Takes(outcome, records[i]))
            {
                var how = verdicts is { } v && !v[i].IsFinal ? slice.How(v[i], outcome) : null;
                yield return (RecordViews.Of(records[i], outcome, how, masked), new RecordCursor(part, seq, i + 1), 0);
            }
        }

        yield return (null, new RecordCursor(part, seq, records.Count), records.Count - start);
    }

    private List<(int Seq, long Bits)> Chunks(DbConnection connection, int part)
        => connection.Rows(
            """
            SELECT c.seq, coalesce(v.outcomes, 0) FROM chunk c LEFT JOIN verdict v ON v.sync = c.sync AND v.part = c.part AND v.seq = c.seq
            WHERE c.sync = @s AND c.part = @p ORDER BY c.seq
            """,
            r => (r.GetInt32(0), r.GetInt64(1)), ("@s", sync.PlanSyncNo), ("@p", part));
}
