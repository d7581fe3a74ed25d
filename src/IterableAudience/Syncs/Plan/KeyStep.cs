using System.Runtime.InteropServices;
using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Staging;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// First step of planning, slice by slice of the key space: brings the records of each key and its ledger entries together, in key-hash
/// order, and lets <see cref="KeyRules"/> decide. Writes the fate of each record; operations and their identifiers go on to the next steps.
/// </summary>
internal sealed class KeyStep(PlanRun run)
{
    private readonly List<StagedRecord> _records = [];
    private readonly List<LedgerEntry> _entries = [];
    private readonly List<LedgerEntry> _ofKey = [];
    private readonly List<PlanOp> _operations = [];
    private readonly BlobWriter _blob = new();
    private int _nextOrd;

    /// <summary>Plans one slice and returns the verdict blobs of its chunks, by sequence number.</summary>
    public List<(int Seq, byte[] Verdicts)> Run(SqliteConnection read, int part)
    {
        _records.Clear();
        _entries.Clear();
        _nextOrd = 0;
        foreach (var (seq, blob) in read.Rows(
            "SELECT seq, blob FROM chunk WHERE sync = @s AND part = @p ORDER BY seq", r => (r.GetInt32(0), r.Blob(1)), ("@s", run.Sync), ("@p", part)))
        {
            ChunkCodec.Read(blob, seq, _records);
        }

        var order = Order();
        var byKey = LoadEntries(part, order.Length);
        var verdicts = new Verdict[_records.Count];
        for (var i = 0; i < verdicts.Length; i++)
        {
            verdicts[i] = Verdict.Final(Outcome.Rejected, _records[i].Rejection); // those without a key stay so
        }

        var records = CollectionsMarshal.AsSpan(_records);
        var e = 0;
        for (var i = 0; i < order.Length;)
        {
            var keyHash = records[order[i]].KeyHash;
            var end = i + 1;
            while (end < order.Length && records[order[end]].KeyHash == keyHash)
            {
                end++;
            }

            for (; !byKey && e < _entries.Count && _entries[e].KeyHash < keyHash; e = EndOfKey(e))
            {
                DecideUnstaged(part, e, EndOfKey(e));
            }

            _ofKey.Clear();
            if (byKey)
            {
                run.Ledger.OfKey(keyHash, _ofKey);
            }
            else
            {
                for (; e < _entries.Count && _entries[e].KeyHash == keyHash; e++)
                {
                    _ofKey.Add(_entries[e]);
                }
            }

            DecideHash(part, order.AsSpan(i, end - i), verdicts);
            i = end;
        }

        for (; !byKey && e < _entries.Count; e = EndOfKey(e))
        {
            DecideUnstaged(part, e, EndOfKey(e));
        }

        if (byKey)
        {
            DecideLeaving(part, order);
        }

        return Encode(verdicts);
    }

    /// <summary>The records that have a key, by key hash and then in the order of arrival.</summary>
    private int[] Order()
    {
        var records = CollectionsMarshal.AsSpan(_records);
        var keys = new List<(long Hash, int Index)>(records.Length);
        for (var i = 0; i < records.Length; i++)
        {
            var (kind, key) = records[i].Key;
            if (kind != KeyKind.None)
            {
                records[i].KeyHash = run.Hash.Key((byte)kind, key.Of(records[i].Blob));
                keys.Add((records[i].KeyHash, i));
            }
        }

        var hashes = keys.Select(k => k.Hash).ToArray();
        var order = keys.Select(k => k.Index).ToArray();
        Array.Sort(hashes, order);
        for (var i = 0; i < order.Length;)
        {
            var end = i + 1;
            while (end < order.Length && hashes[end] == hashes[i])
            {
                end++;
            }

            if (end - i > 1)
            {
                Array.Sort(order, i, end - i);
            }

            i = end;
        }

        return order;
    }

    /// <summary>Loads the slice of the ledger when much of it is needed; true when it is cheaper to ask key by key.</summary>
    private bool LoadEntries(int part, int keys)
    {
        var (members, maybes, leaving) = run.Ledger.Counts();
        var (from, to) = run.Range(part);
        var inSlice = (members + maybes + leaving) / run.Partitions;
        if (!run.Mode.Full && keys < inSlice / 8)
        {
            run.Ledger.LeavingOfRange(from, to, _entries);
            return true;
        }

        if (inSlice > 0 || members + maybes + leaving > 0)
        {
            run.Ledger.OfRange(from, to, _entries);
        }

        return false;
    }

    /// <summary>Decides all keys of one hash: one, unless two keys collide.</summary>
    private void DecideHash(int part, ReadOnlySpan<int> indexes, Verdict[] verdicts)
    {
        var records = CollectionsMarshal.AsSpan(_records);
        Span<bool> done = indexes.Length <= 256 ? stackalloc bool[indexes.Length] : new bool[indexes.Length];
        List<int> ofKey = [];
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

            Decide(part, kind, key, CollectionsMarshal.AsSpan(ofKey), verdicts);
        }

        // Entries of a colliding key that no record names.
        for (var i = 0; i < _ofKey.Count; i = EndOf(_ofKey, i))
        {
            var staged = false;
            foreach (var index in indexes)
            {
                var (kind, slice) = records[index].Key;
                staged |= kind == _ofKey[i].KeyKind && slice.Of(records[index].Blob).SequenceEqual(_ofKey[i].KeyBytes);
            }

            if (!staged)
            {
                _operations.Clear();
                KeyRules.Decide([], CollectionsMarshal.AsSpan(_ofKey)[i..EndOf(_ofKey, i)], run.Mode, [], _operations);
                Emit(part, keyText: null, KeyKind.None, 0);
            }
        }
    }

    private void Decide(int part, KeyKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<int> indexes, Verdict[] verdicts)
    {
        var keyRecords = new KeyRecord[indexes.Length];
        for (var i = 0; i < indexes.Length; i++)
        {
            ref var record = ref CollectionsMarshal.AsSpan(_records)[indexes[i]];
            var identity = record.HasIdentity ? new Identity(record.Text(record.Email), record.Text(record.UserId)) : default;
            keyRecords[i] = new KeyRecord(record.Action, record.Rejection, (record.Flags & StagedFlags.Unusable) != 0, identity, record.Line);
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
        var deciding = KeyRules.Decide(keyRecords, CollectionsMarshal.AsSpan(entries), run.Mode, fates, _operations);
        for (var i = 0; i < fates.Length; i++)
        {
            verdicts[indexes[i]] = fates[i].Outcome == Outcome.Pending
                ? Verdict.Operations(_nextOrd, deciding)
                : Verdict.Final(fates[i].Outcome, fates[i].Reason);
        }

        Emit(part, Encoding.UTF8.GetString(key), kind, _records[indexes[0]].KeyHash);
    }

    /// <summary>A keyless delete ends all keyless entries of that person, whichever identifier is their key.</summary>
    private void AddKeylessEntries(Identity identity, List<LedgerEntry> entries)
    {
        List<LedgerEntry> found = [];
        if (identity.UserId is not null)
        {
            run.Ledger.Holders(run.Hash.User(identity.UserId), found);
        }

        if (identity.Email is not null)
        {
            run.Ledger.Holders(run.Hash.Email(identity.Email), found);
        }

        foreach (var entry in found)
        {
            if (entry.Connection == run.Connection && entry.KeyKind != KeyKind.Primary && entry.Identity.IsSamePersonAs(identity)
                && !entries.Exists(e => e.KeyHash == entry.KeyHash && e.Slot == entry.Slot))
            {
                entries.Add(entry);
            }
        }
    }

    private void DecideUnstaged(int part, int from, int to)
    {
        _operations.Clear();
        KeyRules.Decide([], CollectionsMarshal.AsSpan(_entries)[from..to], run.Mode, [], _operations);
        Emit(part, keyText: null, KeyKind.None, 0);
    }

    /// <summary>Leaving entries of keys that were not staged (those that were have been seen with their key).</summary>
    private void DecideLeaving(int part, int[] order)
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
                DecideUnstaged(part, i, i + 1);
            }
        }
    }

    private void Emit(int part, string? keyText, KeyKind kind, long keyHash)
    {
        var subscribeOrd = _nextOrd;
        foreach (var planned in _operations)
        {
            var ofRecord = planned.Key.Length == 0 && keyText is not null;
            var op = Complete(planned, ofRecord ? keyText! : planned.Key, ofRecord ? kind : planned.KeyKind, ofRecord ? keyHash : planned.KeyHash);
            Spill(part, op, subscribeOrd);
            _nextOrd++;
        }
    }

    private PlanOp Complete(PlanOp op, string key, KeyKind kind, long keyHash)
    {
        var differs = op.Kind == OpKind.Subscribe && op.LedgerIdentity != op.Identity;
        return new PlanOp
        {
            Kind = op.Kind,
            Flags = op.Flags
                | (op.Identity.Email is null ? 0 : OpFlags.HasEmail)
                | (op.Identity.UserId is null ? 0 : OpFlags.HasUserId)
                | (differs ? OpFlags.LedgerDiffers : 0)
                | (op.EndSlots.Length + op.LeaveSlots.Length > 0 ? OpFlags.HasSlots : 0),
            Line = op.Line,
            KeyHash = keyHash,
            Slot = op.Slot,
            Prior = op.Prior,
            KeyKind = kind,
            Key = key,
            Identity = op.Identity,
            LedgerIdentity = op.LedgerIdentity,
            UserHash = op.LedgerIdentity.UserId is null ? 0 : KeyedHash.Short(run.Hash.User(op.LedgerIdentity.UserId)),
            EmailHash = op.LedgerIdentity.Email is null ? 0 : KeyedHash.Short(run.Hash.Email(op.LedgerIdentity.Email)),
            EndSlots = op.EndSlots,
            LeaveSlots = op.LeaveSlots,
        };
    }

    private void Spill(int part, PlanOp op, int subscribeOrd)
    {
        _blob.Clear();
        _blob.Int32(_nextOrd);
        _blob.UInt16((ushort)op.Flags);
        _blob.Int32(0);
        PlanOpCodec.WriteBody(_blob, op);
        _blob.PatchInt32(6, _blob.Length - 10);
        run.Operations.Append(part, _blob.Written);
        run.HasLeavers |= op.Kind != OpKind.Subscribe;

        var reference = new IdentityRef
        {
            Part = (ushort)part,
            Ord = _nextOrd,
            SubscribeOrd = subscribeOrd,
            Kind = op.Kind,
            Line = op.Line,
            Slot = op.Slot,
            HasBoth = (byte)(op.LedgerIdentity is { Email: not null, UserId: not null } ? 1 : 0),
            HasUserId = (byte)(op.LedgerIdentity.UserId is null ? 0 : 1),
            EmailSent = (byte)(op.Identity.Email is null ? 0 : 1),
            Retried = (byte)(op.Is(OpFlags.Retried) ? 1 : 0),
            KeyHashOrOther = op.KeyHash,
        };
        if (op.LedgerIdentity.UserId is { } userId)
        {
            var hash = run.Hash.User(userId);
            if (op.Kind == OpKind.Subscribe)
            {
                reference.KeyHashOrOther = op.Identity.Email is null ? 0 : op.EmailHash;
            }

            Append(run.Users, reference, hash);
        }

        if (op.LedgerIdentity.Email is { } email)
        {
            Append(run.Emails, reference, run.Hash.Email(email));
        }
    }

    private void Append(Spill spill, IdentityRef reference, UInt128 hash)
    {
        reference.HashHigh = (ulong)(hash >> 64);
        reference.HashLow = (ulong)hash;
        spill.Append(run.IdentityPart(hash), MemoryMarshal.AsBytes(new ReadOnlySpan<IdentityRef>(in reference)));
    }

    private List<(int Seq, byte[] Verdicts)> Encode(Verdict[] verdicts)
    {
        List<(int, byte[])> blobs = [];
        for (var i = 0; i < verdicts.Length;)
        {
            var seq = _records[i].Seq;
            _blob.Clear();
            _blob.Byte(Verdict.Version);
            for (; i < verdicts.Length && _records[i].Seq == seq; i++)
            {
                verdicts[i].Write(_blob);
            }

            blobs.Add((seq, _blob.ToArray()));
        }

        return blobs;
    }

    private int EndOfKey(int from) => EndOf(_entries, from);

    private static int EndOf(List<LedgerEntry> entries, int from)
    {
        var end = from + 1;
        while (end < entries.Count && entries[end].KeyHash == entries[from].KeyHash && entries[end].KeyKind == entries[from].KeyKind
            && entries[end].KeyBytes.SequenceEqual(entries[from].KeyBytes))
        {
            end++;
        }

        return end;
    }
}
