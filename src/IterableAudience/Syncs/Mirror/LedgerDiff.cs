using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Warehouses;

namespace IterableAudience.Syncs.Mirror;

/// <summary>
/// Finds the changes of a source without writing to the warehouse: the rows stream through, slice by slice of the key-hash space, past what the service
/// remembers of them. Memory holds one slice, however many rows there are.
/// </summary>
internal sealed class LedgerDiff(DiffRun run, WarehouseSession session)
{
    /// <summary>Bytes of slices that go into one write.</summary>
    private const int Together = 512 * 1024;

    private readonly BlobWriter _blob = new(64 * 1024);
    private readonly List<(int Row, RecordAction? Action, string? Key)> _staged = [];

    /// <summary>Reads the source, stages what changed, and puts the rows as they are now beside the baseline.</summary>
    public async Task StageAsync(CancellationToken cancel)
    {
        using var rows = new SourceRows(run.Hash);
        using var keyless = new Plan.Spill(BaselineBlob.Parts, 1024 * 1024);
        run.Rows = ReadRows(rows, keyless, cancel);
        for (var part = 0; part < BaselineBlob.Parts; part++)
        {
            await StageKeylessAsync(keyless, part, cancel);
        }

        var changed = new BlobWriter(64 * 1024); // one slice behind the other
        List<(int Part, Range Place)> places = [];
        for (var part = 0; part < BaselineBlob.Parts; part++)
        {
            cancel.ThrowIfCancellationRequested();
            if (await StagePartAsync(rows, part, cancel))
            {
                var start = changed.Length;
                changed.Bytes(_blob.Written);
                places.Add((part, start..changed.Length));
            }

            if (places.Count > 0 && (changed.Length > Together || part == BaselineBlob.Parts - 1))
            {
                await run.Work.Store.WriteAsync(
                    write => BaselineStore.Add(write, run.Work.Connection.No, run.Work.Sync.No, changed.Written, places), durable: false, CancellationToken.None);
                run.PartsWritten += places.Count;
                changed.Clear();
                places.Clear();
            }
        }
    }

    /// <returns>How many there are.</returns>
    private long ReadRows(SourceRows rows, Plan.Spill keyless, CancellationToken cancel)
    {
        var keylessCount = 0L;
        var mapped = run.Columns.Mapped;
        string[] names = [run.Columns.Key, .. mapped];
        var values = new string?[mapped.Count];
        var blob = new BlobWriter(1024);
        using var read = session.Query(
            $"SELECT {string.Join(", ", names.Select(n => session.Text(session.Quote(n))))} FROM {session.From(run.ReadAs.Config.Query)}", cancel);
        while (read.Read())
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = read.Text(i + 1);
            }

            if (read.Text(0) is { } key)
            {
                rows.Add(key, values);
                continue;
            }

            run.CountKeyless(values);
            blob.Clear();
            foreach (var value in values)
            {
                blob.Byte((byte)(value is null ? 0 : 1));
                blob.Text(value ?? "");
            }

            keyless.Append((int)(keylessCount++ % BaselineBlob.Parts), blob.Written);
        }

        return rows.Count + keylessCount;
    }

    private async Task StageKeylessAsync(Plan.Spill keyless, int part, CancellationToken cancel)
    {
        using var bytes = keyless.Read(part);
        var values = new string?[run.Columns.Mapped.Count];
        for (var at = 0; at < bytes.Length;)
        {
            at = Next(at);
            await run.AddInvalidAsync(null, values, cancel);
        }

        int Next(int from)
        {
            var reader = new BlobReader(bytes.Span, from);
            for (var i = 0; i < values.Length; i++)
            {
                var exists = reader.Byte() == 1;
                var text = reader.String();
                values[i] = exists ? text : null;
            }

            return reader.Position;
        }
    }

    /// <summary>Stages the changes of a slice and leaves in <see cref="_blob"/> what the slice is now.</summary>
    /// <returns>Whether it is another one than before.</returns>
    private async Task<bool> StagePartAsync(SourceRows rows, int part, CancellationToken cancel)
    {
        var (old, writer) = run.Baseline is null ? ([], 0L) : run.Work.Store.Read(c => BaselineStore.Part(c, run.Work.Connection.No, part));
        using var sorted = rows.Read(part);
        if (old.Length == 0 && sorted.Count == 0)
        {
            BaselineBlob.Begin(_blob);
            return run.Full;
        }

        _staged.Clear();
        var dirty = run.Baseline is { IsDirty: true } baseline && writer == baseline.SyncNo;
        var hasChanged = new PartDiff(run, sorted, old, dirty, _blob, _staged).Decide();
        var values = new string?[run.Columns.Mapped.Count];
        foreach (var (row, action, key) in _staged)
        {
            if (row < 0)
            {
                await run.AddAsync(RecordAction.Delete, key!, default, cancel);
                continue;
            }

            sorted.Values(row, values);
            var name = Encoding.UTF8.GetString(sorted.Key(row));
            await (action is { } change ? run.AddAsync(change, name, values, cancel) : run.AddInvalidAsync(name, values, cancel));
        }

        return hasChanged || dirty || run.Full;
    }

    /// <summary>Puts the rows of a slice beside its baseline, key by key; both are in the order of their keys.</summary>
    private sealed class PartDiff(DiffRun run, SourceRows.Part rows, byte[] old, bool dirty, BlobWriter blob, List<(int Row, RecordAction? Action, string? Key)> staged)
    {
        private bool _hasChanged;

        /// <summary>Whether the baseline is another one now.</summary>
        public bool Decide()
        {
            BaselineBlob.Begin(blob);
            var before = new BaselineBlob.Reader(old, run.Hash);
            for (var i = 0; i < rows.Count;)
            {
                var key = rows.Key(i);
                var end = i + 1;
                while (end < rows.Count && rows.KeyHash(end) == rows.KeyHash(i) && rows.Key(end).SequenceEqual(key))
                {
                    end++;
                }

                while (before.Has && (before.KeyHash, before.Key.SequenceCompareTo(key)).CompareTo((rows.KeyHash(i), 0)) < 0)
                {
                    DecideGone(before);
                    before.Next();
                }

                BaselineEntry? known = null;
                if (before.Has && before.KeyHash == rows.KeyHash(i) && before.Key.SequenceEqual(key))
                {
                    known = DiffRules.Read(before.Entry, dirty);
                    before.Next();
                }

                Decide(i, end, key, known);
                i = end;
            }

            for (; before.Has; before.Next())
            {
                DecideGone(before);
            }

            return _hasChanged;
        }

        private void Decide(int first, int end, ReadOnlySpan<byte> key, BaselineEntry? known)
        {
            var several = end - first > 1;
            var (action, after) = DiffRules.Decide(
                several ? InSource.SeveralRows : InSource.OneRow, several ? 0 : rows.ValuesHash(first, run.Columns.Mapped.Count), known, run.Full, run.KeepAbsent, run.NobodyYet);
            for (var row = first; row < end && (several || action is not null); row++)
            {
                staged.Add((row, several ? null : action, null));
            }

            Write(key, after);
            _hasChanged |= known is null != after is null || (known is { } was && after is { } now && was.Values != now.Values);
        }

        private void DecideGone(BaselineBlob.Reader before)
        {
            if (DiffRules.Read(before.Entry, dirty) is not { } known)
            {
                _hasChanged = true; // it goes from the blob
                return;
            }

            var (action, after) = DiffRules.Decide(InSource.Nothing, 0, known, run.Full, run.KeepAbsent, run.NobodyYet);
            if (action is not null)
            {
                staged.Add((-1, action, Encoding.UTF8.GetString(before.Key)));
                _hasChanged = true;
            }

            Write(before.Key, after);
        }

        private void Write(ReadOnlySpan<byte> key, BaselineEntry? entry)
        {
            if (entry is { } kept)
            {
                BaselineBlob.Write(blob, key, kept);
            }
        }
    }
}
