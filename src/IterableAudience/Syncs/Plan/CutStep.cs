using System.Buffers.Binary;
using System.Data.Common;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// Third step of planning: gives every operation its stage, now that all findings are in, and cuts each stage into full batches in
/// key-hash order.
/// </summary>
internal sealed class CutStep(PlanRun run) : IDisposable
{
    /// <summary>Sequence number of the chunk for removals that nobody sent; after all that were received.</summary>
    public const int OwnSeq = int.MaxValue;

    /// <summary>Sequence number of the chunk for records of earlier syncs that are tried again.</summary>
    public const int RetrySeq = OwnSeq - 1;

    /// <summary>Bytes of operations after which a transaction takes no further slice.</summary>
    private const int Together = 2 * 1024 * 1024;

    private static readonly List<Finding> NoFindings = [];

    private readonly BatchCutter?[] _cutters = new BatchCutter?[16];
    private readonly IncrementalHash _planHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly BlobWriter _ownChunk = new();
    private readonly BlobWriter _ownVerdicts = new();
    private readonly BlobWriter _tail = new();
    private int _ownRecords;

    /// <summary>Reads what the steps before left of the next slices: as many as fit into one transaction.</summary>
    public IReadOnlyList<Prepared> Prepare(int part)
    {
        List<Prepared> slices = [];
        for (var bytes = 0; part < run.Partitions && bytes < Together; part++)
        {
            using var findings = run.Findings.Read(part);
            slices.Add(new(run.Operations.Read(part), ByOperation(findings.Span)));
            bytes += slices[^1].Operations.Length;
        }

        return slices;
    }

    /// <summary>Cuts slices and writes what they fill, within the caller's transaction. They are used up then.</summary>
    public void Write(DbConnection write, int first, IReadOnlyList<Prepared> slices)
    {
        for (var i = 0; i < slices.Count; i++)
        {
            Write(write, first + i, slices[i]);
            slices[i].Operations.Dispose();
        }
    }

    private void Write(DbConnection write, int part, Prepared slice)
    {
        var bytes = slice.Operations.Span;
        var findings = slice.Findings;
        List<byte> stages = [];
        for (var at = 0; at < bytes.Length;)
        {
            var ord = BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
            var flags = (OpFlags)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 4)..]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[(at + 6)..]);
            var body = bytes.Slice(at + 10, length);
            at += 10 + length;
            var found = findings.Count > 0 && findings.TryGetValue(ord, out var some) ? some : NoFindings;
            stages.Add((byte)Cut(write, new OpRef((ushort)part, ord), flags, body, found));
        }

        WriteOwnRecords(write, part);
        write.Later(
            "INSERT INTO plan_part (sync, part, stages) VALUES (@s, @p, @b)", ("@s", run.Sync), ("@p", part), ("@b", stages.ToArray()));
    }

    /// <summary>Writes the last, shorter batches and returns the hash that names the whole plan.</summary>
    public string Finish(DbConnection write)
    {
        foreach (var cutter in _cutters)
        {
            cutter?.Flush(write);
        }

        // What was written is there: a server that crashed meanwhile has forgotten its last commits, and this process has not noticed.
        if (write.Count("SELECT count(*) FROM batch WHERE sync = @s", ("@s", run.Sync)) != _cutters.Sum(c => c?.Batches ?? 0)
            || write.Count("SELECT count(*) FROM plan_part WHERE sync = @s", ("@s", run.Sync)) != run.Partitions
            || write.Count("SELECT count(*) FROM verdict WHERE sync = @s", ("@s", run.Sync)) != write.Count("SELECT count(*) FROM chunk WHERE sync = @s", ("@s", run.Sync)))
        {
            throw new StoreForgotException();
        }

        return Convert.ToHexStringLower(_planHash.GetHashAndReset().AsSpan(0, 16));
    }

    public void Dispose() => _planHash.Dispose();

    private static Dictionary<int, List<Finding>> ByOperation(ReadOnlySpan<byte> bytes)
    {
        var findings = new Dictionary<int, List<Finding>>();
        foreach (ref readonly var finding in MemoryMarshal.Cast<byte, Finding>(bytes))
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(findings, finding.Ord, out _) ??= []).Add(finding);
        }

        return findings;
    }

    private Stage Cut(DbConnection write, OpRef reference, OpFlags flags, ReadOnlySpan<byte> body, List<Finding> findings)
    {
        var kind = (OpKind)body[0];
        var stage = kind == OpKind.Subscribe ? Stage.Subscribe : kind == OpKind.Replace ? Stage.SettleReplaced : Stage.Unsubscribe;
        Finding? held = null;
        OpRef? target = null;
        List<OpRef>? dependsOn = null;
        var prior = kind is OpKind.Leave or OpKind.Replace ? PlanOpCodec.PriorOf(body) : EntryState.None;
        foreach (var finding in findings)
        {
            switch (finding.Kind)
            {
                case FindingKind.Held or FindingKind.HeldByRecord or FindingKind.HeldByRow:
                    held = finding;
                    break;
                case FindingKind.EmailHeld:
                    flags |= OpFlags.EmailHeld;
                    break;
                case FindingKind.EmailHeldForNow:
                    flags |= OpFlags.EmailHeld | OpFlags.EmailHeldForNow;
                    break;
                case FindingKind.DependsOn:
                    (dependsOn ??= []).Add(finding.Other);
                    stage = Stage.SettleReplaced;
                    break;
                default:
                    target = finding.Other;
                    stage = finding.Kind switch
                    {
                        FindingKind.FollowSubscribe => Stage.FollowSubscribe,
                        FindingKind.FollowUnsubscribe => Stage.FollowUnsubscribe,
                        _ => Stage.FollowReplaced,
                    };
                    break;
            }
        }

        if (held is { } by)
        {
            stage = WhenHeld(kind, flags, prior, by.Kind, isKeyed: PlanOpCodec.KeyKindOf(body) == KeyKind.Primary);
            (target, dependsOn) = (null, stage == Stage.Keep && by.Kind == FindingKind.HeldByRecord ? [by.Other] : null);
        }

        if ((flags & OpFlags.LeftAlone) != 0 && held is not { Kind: FindingKind.HeldByRow })
        {
            (stage, target, dependsOn) = (Stage.None, null, null);
            run.Counts.Stays += (flags & OpFlags.StillHolds) != 0 && run.Mode.RetryRemovals ? 1 : 0; // the next sync looks for the row
        }

        Count(flags, stage, prior);
        if (IsOwnRecord(flags, stage))
        {
            AddOwnRecord(reference.Ord, flags, body);
        }

        if (stage is not (Stage.None or Stage.Stay))
        {
            _tail.Clear();
            if (target is not null || dependsOn is not null)
            {
                flags |= (target is null ? 0 : OpFlags.Follows) | (dependsOn is null ? 0 : OpFlags.Depends);
                PlanOpCodec.WriteTail(
                    _tail, new PlanOp { Flags = flags, Target = target ?? default, TargetPlace = (Stage.None, 0, 0), DependsOn = dependsOn?.ToArray() ?? [] });
            }

            Cutter(stage).Add(write, reference, flags, body, _tail.Written);
        }

        return stage;
    }

    /// <summary>A replaced identity that is held becomes leaving with its subscribe, and an old leaving entry is leaving already: there is only to say whether the entry still holds the person.</summary>
    private static Stage WhenHeld(OpKind kind, OpFlags flags, EntryState prior, FindingKind by, bool isKeyed)
    {
        var (retried, saysSo) = ((flags & OpFlags.Retried) != 0, (flags & OpFlags.StillHolds) != 0);
        return (kind, prior, by) switch
        {
            (OpKind.Replace, _, FindingKind.Held) => Stage.None,
            (OpKind.Replace, _, _) => Stage.Keep,
            (_, EntryState.Member or EntryState.Maybe, FindingKind.HeldByRow) => Stage.Stay,
            // Without a primary key the record may write this very entry: it must be leaving before that.
            (_, EntryState.Member or EntryState.Maybe, FindingKind.HeldByRecord) => isKeyed ? Stage.Keep : Stage.Retain,
            (_, EntryState.Leaving, FindingKind.HeldByRow) => retried && saysSo ? Stage.None : Stage.Keep,
            (_, EntryState.Leaving, FindingKind.HeldByRecord) => Stage.Keep,
            _ => retried && !saysSo ? Stage.None : Stage.Retain,
        };
    }

    /// <summary>
    /// A removal that nobody sent and that has an effect gets a record of its own, so that everything that happens to a person can be found.
    /// One that is still held, or that another operation of the person covers, is not worth one.
    /// </summary>
    private static bool IsOwnRecord(OpFlags flags, Stage stage)
        => (flags & OpFlags.Absent) != 0
            || ((flags & OpFlags.Retried) != 0 && stage is Stage.Unsubscribe or Stage.SettleReplaced);

    private void Count(OpFlags flags, Stage stage, EntryState prior)
    {
        var retried = (flags & OpFlags.Retried) != 0;
        if (IsOwnRecord(flags, stage))
        {
            run.Counts.Absent += retried ? 0 : 1;
            run.Counts.Retried += retried ? 1 : 0;
        }

        run.Counts.PlannedSubscribes += stage == Stage.Subscribe ? 1 : 0;
        run.Counts.Stays += stage == Stage.Stay ? 1 : 0;
        run.Counts.PlannedUnsubscribes += stage is Stage.Unsubscribe or Stage.SettleReplaced ? 1 : 0;

        // The guard counts entries that would leave, and people whom somebody held until now: not what was asked for before and is only tried again, and not what somebody holds.
        // A leaving entry that follows another operation is a person who is counted there.
        var isMember = prior is (EntryState.Member or EntryState.Maybe) && stage is not (Stage.Retain or Stage.Keep or Stage.Stay or Stage.None);
        var wasHeld = prior == EntryState.Leaving && (flags & OpFlags.Asked) == 0 && stage is (Stage.Unsubscribe or Stage.SettleReplaced);
        run.Counts.Removals += isMember || wasHeld ? 1 : 0;
    }

    private void AddOwnRecord(int ord, OpFlags flags, ReadOnlySpan<byte> body)
    {
        if (_ownChunk.Length == 0)
        {
            _ownChunk.Byte(ChunkCodec.Version);
            _ownVerdicts.Byte(Verdict.Version);
        }

        var bare = flags & ~(OpFlags.Follows | OpFlags.Depends);
        byte[] whole = [(byte)((ushort)bare & 0xFF), (byte)((ushort)bare >> 8), .. body];
        var reader = new BlobReader(whole);
        var op = PlanOpCodec.Read(ref reader, default);
        ChunkCodec.WriteOwn(
            _ownChunk,
            op.Is(OpFlags.Absent) ? StagedFlags.Absent : StagedFlags.Retried,
            op.KeyKind == KeyKind.Primary ? op.Key : null,
            op.Identity.Email,
            op.Identity.UserId);
        Verdict.Operations(ord, 1).Write(_ownVerdicts);
        _ownRecords++;
    }

    private void WriteOwnRecords(DbConnection write, int part)
    {
        if (_ownChunk.Length == 0)
        {
            return;
        }

        write.Later(
            "INSERT INTO chunk (sync, part, seq, records, blob) VALUES (@s, @p, @q, @n, @b)",
            ("@s", run.Sync), ("@p", part), ("@q", OwnSeq), ("@n", _ownRecords), ("@b", _ownChunk.ToArray()));
        write.Later(
            "INSERT INTO verdict (sync, part, seq, outcomes, blob) VALUES (@s, @p, @q, 0, @b)",
            ("@s", run.Sync), ("@p", part), ("@q", OwnSeq), ("@b", _ownVerdicts.ToArray()));
        _ownChunk.Clear();
        _ownVerdicts.Clear();
        _ownRecords = 0;
    }

    private BatchCutter Cutter(Stage stage) => _cutters[(int)stage] ??= new BatchCutter(run.Sync, stage, _planHash);

    /// <summary>A slice that is to be cut.</summary>
    internal sealed record Prepared(PooledArray<byte> Operations, Dictionary<int, List<Finding>> Findings);
}
