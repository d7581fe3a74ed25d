using System.Data.Common;
using System.Runtime.InteropServices;
using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// First step of planning, slice by slice of the key space: brings the records of each key and its ledger entries together, in key-hash
/// order, and lets <see cref="KeyRules"/> decide. Gives the fate of each record; operations and their identifiers go on to the next steps.
/// </summary>
/// <remarks>Concurrency: one instance for each slice that is planned at the same time. It keeps its buffers, for the next slice of whatever sync.</remarks>
internal sealed class KeyStep(KeyedHash hash)
{
    /// <summary>Slices of one sync are much of a size: buffers that are larger than the first needs by this part of it do for the others, and doubling them would leave half of the memory unused.</summary>
    private const int Reserve = 8;

    private PlanRun _run = null!;
    private DbConnection _read = null!;
    private LedgerReader _ledger = null!;
    private readonly List<StagedRecord> _records = [];
    private readonly List<LedgerEntry> _entries = [];
    private readonly List<LedgerEntry> _ofKey = [];
    private readonly List<PlanOp> _operations = [];
    private readonly HashSet<byte> _taken = [];
    private readonly SlicePlan _plan = new(hash);
    private readonly BlobWriter _blob = new();
    private int _leftAlone;

    /// <summary>What became of a slice: the verdict blobs of its chunks by sequence number, and the chunk of what is tried again.</summary>
    internal readonly record struct Decided(List<(int Seq, byte[] Verdicts)> Verdicts, int Retried, byte[] RetryChunk);

    /// <summary>Plans one slice.</summary>
    public Decided Run(PlanRun run, DbConnection read, LedgerReader ledger, int part)
    {
        (_run, _read, _ledger) = (run, read, ledger);
        _records.Clear();
        RetryChunk.Read(read, run, part, _records);
        var older = _records.Count;
        _entries.Clear();
        var chunks = _read.Rows(
            "SELECT seq, blob, records FROM chunk WHERE sync = @s AND part = @p ORDER BY seq", r => (Seq: r.GetInt32(0), Blob: r.Blob(1), Records: r.GetInt32(2)),
            ("@s", _run.Sync), ("@p", part));
        var expected = older + chunks.Sum(c => c.Records);
        _records.EnsureCapacity(expected + (expected / Reserve));
        _plan.Begin(part, expected + (expected / Reserve));
        foreach (var (seq, blob, _) in chunks)
        {
            ChunkCodec.Read(blob, seq, _records);
        }

        using var places = new PooledArray<int>(_records.Count);
        using var decided = new PooledArray<Verdict>(_records.Count);
        var order = places.Span[..KeyOrder.Of(CollectionsMarshal.AsSpan(_records), _run.Hash, places.Span)];
        var verdicts = decided.Span;
        var byKey = LoadEntries(part, order.Length);
        _leftAlone = _run.Mode.RetryRemovals ? 0 : _entries.Count(e => !e.IsMember);
        Expect(order, byKey);
        for (var i = 0; i < verdicts.Length; i++)
        {
            verdicts[i] = Verdict.Final(Outcome.Rejected, _records[i].Rejection); // those without a key stay so
        }

        _plan.AddHolds(CollectionsMarshal.AsSpan(_records));
        DecideAll(order, byKey, verdicts);
        List<(int, byte[])> blobs = [];
        var (retried, chunk) = RetryChunk.Encode(_records, verdicts[..older], blobs);
        Encode(verdicts, older, blobs);
        _run.Take(part, _plan, retried, _leftAlone);
        _records.Clear(); // they keep the chunks' bytes
        _entries.Clear();
        _ofKey.Clear();
        (_run, _read, _ledger) = (null!, null!, null!);
        return new(blobs, retried, chunk);
    }

    private void DecideAll(ReadOnlySpan<int> order, bool byKey, Span<Verdict> verdicts)
    {
        var records = CollectionsMarshal.AsSpan(_records);
        var e = 0;
        for (var i = 0; i < order.Length;)
        {
            ref readonly var record = ref records[order[i]];
            var end = i + 1;
            while (end < order.Length && records[order[end]].KeyHash == record.KeyHash)
            {
                end++;
            }

            for (; !byKey && e < _entries.Count && _entries[e].KeyHash < record.KeyHash; e = EndOfKey(e))
            {
                DecideUnstaged(CollectionsMarshal.AsSpan(_entries)[e..EndOfKey(e)]);
            }

            _ofKey.Clear();
            if (byKey)
            {
                _ledger.OfKey(record.KeyHash, _ofKey);
            }
            else
            {
                for (; e < _entries.Count && _entries[e].KeyHash == record.KeyHash; e++)
                {
                    _ofKey.Add(_entries[e]);
                }
            }

            if (end - i > 1 || _ofKey.Count > 0 || !TryDecideAlone(record, out verdicts[order[i]]))
            {
                DecideHash(order[i..end], verdicts);
            }

            i = end;
        }

        for (; !byKey && e < _entries.Count; e = EndOfKey(e))
        {
            DecideUnstaged(CollectionsMarshal.AsSpan(_entries)[e..EndOfKey(e)]);
        }

        if (byKey)
        {
            DecideLeaving(order);
        }
    }

    /// <summary>
    /// A good record that comes alone, with a key that the ledger does not know: most of a large sync. <see cref="KeyRules"/> would say the
    /// same (a test compares them). A keyless delete is not alone: it may end entries with other keys.
    /// </summary>
    private bool TryDecideAlone(in StagedRecord record, out Verdict verdict)
    {
        var (kind, key) = record.Key;
        verdict = Verdict.Final(Outcome.Rejected, record.Rejection);
        if (_run.RulesOnly || record.Rejection != Reason.None || !record.HasIdentity || record.Action is not { } action
            || (action == RecordAction.Delete && kind != KeyKind.Primary) || (record.IsRetried && _run.Mode.RemoveAbsent))
        {
            return false;
        }

        if (action == RecordAction.Delete && _run.Mode.IgnoreUnknownDeletes)
        {
            verdict = Verdict.Final(Outcome.Unsubscribed, Reason.WasNotMember);
            return true;
        }

        verdict = Verdict.Operations(_plan.NextOrd, 1);
        _plan.AddAlone(action == RecordAction.Delete ? OpKind.UnknownDelete : OpKind.Subscribe, record, kind, key, _run.AgeOf(record));
        return true;
    }

    /// <summary>Loads the slice of the ledger when much of it is needed; true when it is cheaper to ask key by key.</summary>
    private bool LoadEntries(int part, int keys)
    {
        var (members, maybes, leaving) = _ledger.Counts();
        var (from, to) = _run.Range(part);
        var inSlice = (members + maybes + leaving) / _run.Partitions;
        if (!_run.Mode.Full && keys < inSlice / 8)
        {
            _ledger.LeavingOfRange(from, to, _entries);
            return true;
        }

        if (members + maybes + leaving > 0)
        {
            _ledger.OfRange(from, to, _entries);
        }

        return false;
    }

    /// <summary>Says what of the ledger will be asked for: keys where they are asked for one by one, and whom keyless deletes may end.</summary>
    private void Expect(ReadOnlySpan<int> order, bool byKey)
    {
        if (!_read.IsRemote())
        {
            return;
        }

        List<long> holders = [], keys = [];
        foreach (var index in order)
        {
            var record = _records[index];
            keys.Add(record.KeyHash);
            if (record.Action == RecordAction.Delete && record.HasIdentity && record.Key.Kind != KeyKind.Primary)
            {
                Add(record.UserId, _run.Hash.User);
                Add(record.Email, _run.Hash.Email);
            }

            void Add(Slice identifier, Func<ReadOnlySpan<byte>, UInt128> hash)
            {
                if (identifier.Exists)
                {
                    holders.Add(KeyedHash.Short(hash(identifier.Of(record.Blob))));
                }
            }
        }

        _ledger.ExpectKeys(byKey ? keys : []);
        _ledger.ExpectHolders(holders);
    }

    /// <summary>Decides all keys of one hash: one, unless two keys collide.</summary>
    private void DecideHash(ReadOnlySpan<int> indexes, Span<Verdict> verdicts)
    {
        var records = CollectionsMarshal.AsSpan(_records);
        Span<bool> done = indexes.Length <= 256 ? stackalloc bool[indexes.Length] : new bool[indexes.Length];
        List<int> ofKey = [];
        _taken.Clear();
        foreach (var entry in _ofKey)
        {
            _taken.Add((byte)entry.Slot);
        }

        for (var first = 0; first < indexes.Length; first++)
        {
            if (done[first])
            {
                continue;
            }

            var (kind, slice) = records[indexes[first]].Key;
            var key = slice.Of(records[indexes[first]].Blob);
            ofKey.Clear();
            for (var i = first; i < indexes.Length; i++)
            {
                var (otherKind, other) = records[indexes[i]].Key;
                if (otherKind == kind && other.Of(records[indexes[i]].Blob).SequenceEqual(key))
                {
                    ofKey.Add(indexes[i]);
                    done[i] = true;
                }
            }

            Decide(kind, key, CollectionsMarshal.AsSpan(ofKey), verdicts);
        }

        // Entries of a colliding key that no record names.
        for (var i = 0; i < _ofKey.Count; i = LedgerEntry.EndOfKey(_ofKey, i))
        {
            var staged = false;
            foreach (var index in indexes)
            {
                var (kind, slice) = records[index].Key;
                staged |= kind == _ofKey[i].KeyKind && slice.Of(records[index].Blob).SequenceEqual(_ofKey[i].KeyBytes);
            }

            if (!staged)
            {
                DecideUnstaged(CollectionsMarshal.AsSpan(_ofKey)[i..LedgerEntry.EndOfKey(_ofKey, i)]);
            }
        }
    }

    /// <summary>Keys with one hash share its slots: a new entry takes one that none of them has, or gets in this sync.</summary>
    private byte FreeSlot()
    {
        byte slot = 0;
        while (_taken.Contains(slot))
        {
            slot = checked((byte)(slot + 1));
        }

        return slot;
    }

    private void TakeSlots()
    {
        foreach (var op in _operations)
        {
            if (op is { Kind: OpKind.Subscribe, Prior: EntryState.None })
            {
                _taken.Add(op.Slot);
            }
        }
    }

    private void Decide(KeyKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<int> indexes, Span<Verdict> verdicts)
    {
        var keyRecords = new KeyRecord[indexes.Length];
        for (var i = 0; i < indexes.Length; i++)
        {
            ref var record = ref CollectionsMarshal.AsSpan(_records)[indexes[i]];
            var rejection = record is { IsRetried: true, HasIdentity: false } ? Reason.IdentifierMissing : record.Rejection; // a delete by key alone
            keyRecords[i] = new KeyRecord(
                record.Action, rejection, (record.Flags & StagedFlags.Unusable) != 0, record.Identity, record.Line, record.IsRetried);
        }

        var entries = new List<LedgerEntry>();
        foreach (var entry in _ofKey)
        {
            if (entry.KeyKind == kind && entry.KeyBytes.SequenceEqual(key))
            {
                entries.Add(entry);
            }
        }

        if (kind != KeyKind.Primary && keyRecords[^1].Action == RecordAction.Delete)
        {
            AddKeylessEntries(keyRecords[^1].Identity, entries);
        }

        var fates = new RecordFate[indexes.Length];
        _operations.Clear();
        var deciding = KeyRules.Decide(keyRecords, CollectionsMarshal.AsSpan(entries), _run.Mode, FreeSlot(), fates, _operations);
        TakeSlots();
        for (var i = 0; i < fates.Length; i++)
        {
            verdicts[indexes[i]] = fates[i].Outcome == Outcome.Pending
                ? Verdict.Operations(_plan.NextOrd, deciding)
                : Verdict.Final(fates[i].Outcome, fates[i].Reason);
        }

        Emit(Encoding.UTF8.GetString(key), kind, _records[indexes[0]].KeyHash, _run.AgeOf(_records[indexes[^1]]));
    }

    /// <summary>A keyless delete ends all keyless entries of that person, whichever identifier is their key.</summary>
    private void AddKeylessEntries(Identity identity, List<LedgerEntry> entries)
    {
        List<LedgerEntry> found = [];
        if (identity.UserId is not null)
        {
            _ledger.Holders(_run.Hash.User(identity.UserId), found);
        }

        if (identity.Email is not null)
        {
            _ledger.Holders(_run.Hash.Email(identity.Email), found);
        }

        foreach (var entry in found)
        {
            if (entry.Connection == _run.Connection && entry.KeyKind != KeyKind.Primary && entry.Identity.IsSamePersonAs(identity)
                && !entries.Exists(e => e.KeyHash == entry.KeyHash && e.Slot == entry.Slot))
            {
                entries.Add(entry);
            }
        }
    }

    private void DecideUnstaged(ReadOnlySpan<LedgerEntry> entries)
    {
        _operations.Clear();
        KeyRules.Decide([], entries, _run.Mode, 0, [], _operations);
        _leftAlone += _run.Mode.RemoveAbsent ? 0 : LedgerEntry.Members(entries);
        Emit(keyText: null, KeyKind.None, 0);
    }

    /// <summary>Leaving entries of keys that were not staged (those that were have been seen with their key).</summary>
    private void DecideLeaving(ReadOnlySpan<int> order)
    {
        var staged = new HashSet<long>(order.Length);
        foreach (var index in order)
        {
            staged.Add(_records[index].KeyHash);
        }

        for (var i = 0; i < _entries.Count; i++)
        {
            if (!staged.Contains(_entries[i].KeyHash))
            {
                DecideUnstaged(CollectionsMarshal.AsSpan(_entries).Slice(i, 1));
            }
        }
    }

    /// <summary>Hands on what the rules decided. An operation on an entry of the ledger names its key itself; others are the record's.</summary>
    private void Emit(string? keyText, KeyKind kind, long keyHash, int age = 0)
    {
        var subscribeOrd = _plan.NextOrd;
        foreach (var op in _operations)
        {
            var ofRecord = op.Key.Length == 0 && keyText is not null;
            _plan.Add(op, ofRecord ? keyText! : op.Key, ofRecord ? kind : op.KeyKind, ofRecord ? keyHash : op.KeyHash, subscribeOrd, age);
        }
    }

    private void Encode(ReadOnlySpan<Verdict> verdicts, int from, List<(int Seq, byte[] Verdicts)> blobs)
    {
        for (var i = from; i < verdicts.Length;)
        {
            var (seq, first) = (_records[i].Seq, i);
            while (i < verdicts.Length && _records[i].Seq == seq)
            {
                i++;
            }

            blobs.Add((seq, Verdict.Encode(_blob, verdicts[first..i])));
        }
    }

    private int EndOfKey(int from) => LedgerEntry.EndOfKey(_entries, from);
}
