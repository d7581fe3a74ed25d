using CsCheck;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>What goes into a blob comes out of it.</summary>
public sealed class CodecTests
{
    private static readonly Gen<string> Text = Gen.OneOf(Gen.String[0, 60], Gen.String[Gen.Char.AlphaNumeric, 0, 200], Gen.Const("ünïcödé@exämple.com 😀"))
        .Where(s => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(s)) == s);

    private static readonly Gen<string?> Maybe = Gen.OneOf(Gen.Const((string?)null), Text.Select(t => (string?)t));
    private static readonly Gen<Identity> Anybody = Gen.Select(Maybe, Maybe, (e, u) => new Identity(e, u));
    private static readonly Gen<OpRef> Ref = Gen.Select(Gen.UShort, Gen.Int[0, int.MaxValue], (p, o) => new OpRef(p, o));
    private static readonly Gen<EntryState> State = Gen.Byte[0, 3].Select(s => (EntryState)s);
    private static readonly Gen<(byte, EntryState)[]> Slots = Gen.Select(Gen.Byte, State).Array[0, 4];

    private static readonly Gen<PlanOp> Operation = Gen.Select(
        Gen.Select(Gen.Byte[0, 3], Gen.Int[0, int.MaxValue], Gen.Long, Gen.Byte, State, Gen.Byte[0, 3], Text),
        Gen.Select(Anybody, Anybody, Gen.Long, Gen.Long, Slots, Slots),
        Gen.Select(Gen.Bool, Gen.Bool, Ref, Gen.Byte[0, 10], Gen.UShort, Ref.Array[1, 5]),
        (head, who, tail) =>
        {
            var (identity, remembered, userHash, emailHash, ends, leaves) = who;
            var differs = identity != remembered && head.Item1 == 0;
            var known = differs ? remembered : identity;
            var (follows, depends, other, stage, index, on) = tail;
            return new PlanOp
            {
                Kind = (OpKind)head.Item1,
                Flags = (identity.Email is null ? 0 : OpFlags.HasEmail) | (identity.UserId is null ? 0 : OpFlags.HasUserId) | (differs ? OpFlags.LedgerDiffers : 0)
                    | (ends.Length + leaves.Length > 0 ? OpFlags.HasSlots : 0) | (follows ? OpFlags.Follows : 0) | (depends ? OpFlags.Depends : 0),
                Line = head.Item2,
                KeyHash = head.Item3,
                Slot = head.Item4,
                Prior = head.Item5,
                KeyKind = (KeyKind)head.Item6,
                Key = head.Item7,
                Identity = identity,
                LedgerIdentity = known,
                UserHash = known.UserId is null && !differs ? 0 : userHash,
                EmailHash = known.Email is null && !differs ? 0 : emailHash,
                EndSlots = ends,
                LeaveSlots = leaves,
                Target = follows ? other : default,
                TargetPlace = follows ? ((Stage)stage, other.Ord, index) : default,
                DependsOn = depends ? on : [],
            };
        });

    [Fact]
    public void An_operation_comes_out_as_it_went_in()
        => Operation.Array[0, 5].Sample(operations =>
        {
            var blob = new BlobWriter(1);
            foreach (var operation in operations)
            {
                PlanOpCodec.Write(blob, operation);
            }

            var reader = new BlobReader(blob.Written);
            for (var i = 0; i < operations.Length; i++)
            {
                var read = PlanOpCodec.Read(ref reader, new OpRef(3, i));
                Assert.Equal(new OpRef(3, i), read.Ref);
                read.Ref = operations[i].Ref;
                Assert.Equivalent(operations[i], read, strict: true);
            }

            Assert.True(reader.AtEnd);
        }, iter: 300);

    [Fact]
    public void A_staged_record_comes_out_as_it_went_in()
        => Gen.Select(Gen.Int[1, int.MaxValue], Gen.Int[-1, 2], Maybe, Maybe, Anybody, Gen.Bool, Gen.Bool).Array[1, 5].Sample(records =>
        {
            var blob = new BlobWriter(1);
            blob.Byte(ChunkCodec.Version);
            foreach (var (line, action, key, id, identity, rejected, unusable) in records)
            {
                var received = new ReceivedRecord(line, action < 0 ? null : (RecordAction)action, key, id, identity.Email, identity.UserId, Reason.None, rejected ? "why" : null);
                var valid = !rejected && identity != default;
                ChunkCodec.Write(blob, received, new(valid ? identity : default, rejected ? Reason.InvalidEmail : Reason.None, Reason.None, rejected ? Reason.UserIdEmpty : Reason.None, false), unusable);
            }

            List<StagedRecord> read = [];
            ChunkCodec.Read(blob.ToArray(), 9, read);
            Assert.Equal(records.Length, read.Count);
            foreach (var ((line, action, key, id, identity, rejected, unusable), staged) in records.Zip(read))
            {
                Assert.Equal((9, line, action < 0 ? null : (RecordAction?)action), (staged.Seq, staged.Line, staged.Action));
                Assert.Equal((key, id), (staged.Text(staged.PrimaryKey), staged.Text(staged.RecordId)));
                Assert.Equal((identity.Email, identity.UserId), (staged.Text(staged.Email), staged.Text(staged.UserId)));
                Assert.Equal(!rejected && identity != default, staged.HasIdentity);
                Assert.Equal(unusable, (staged.Flags & StagedFlags.Unusable) != 0);
                Assert.Equal(rejected ? (Reason.InvalidEmail, Reason.UserIdEmpty, "why") : (Reason.None, Reason.None, null), (staged.Rejection, staged.UserIdFault, staged.Text(staged.Detail)));
            }
        }, iter: 300);

    [Fact]
    public void A_record_that_is_tried_again_keeps_its_key_whom_it_names_and_its_history()
        => Gen.Select(Gen.Int[1, int.MaxValue], Gen.Int[0, 2], Text, Anybody, Gen.Int[0, 1_000_000], Gen.Int[1, int.MaxValue]).Array[1, 5].Sample(records =>
        {
            var staged = new BlobWriter(1);
            staged.Byte(ChunkCodec.Version);
            foreach (var (line, action, key, _, _, _) in records)
            {
                ChunkCodec.Write(staged, new ReceivedRecord(line, (RecordAction)action, key, "echo", "bad@", null, Reason.None, null), new(default, Reason.InvalidEmail, Reason.InvalidEmail, Reason.None, false), false);
            }

            List<StagedRecord> read = [];
            ChunkCodec.Read(staged.ToArray(), 1, read);
            var kept = new BlobWriter(1);
            kept.Byte(ChunkCodec.Version);
            for (var i = 0; i < records.Length; i++)
            {
                ChunkCodec.WriteRetried(kept, read[i], records[i].Item4, records[i].Item5, records[i].Item6);
            }

            List<StagedRecord> again = [];
            ChunkCodec.Read(kept.ToArray(), 2, again);
            foreach (var ((line, action, key, identity, attempts, since), record) in records.Zip(again))
            {
                Assert.Equal((line, (RecordAction?)action, key, null), (record.Line, record.Action, record.Text(record.PrimaryKey), record.Text(record.RecordId)));
                Assert.Equal((identity, identity != default, true, Reason.None), (record.Identity, record.HasIdentity, record.IsRetried, record.Rejection));
                Assert.Equal((attempts, (long)since), (record.Attempts, record.Since));
            }
        }, iter: 300);

    [Fact]
    public void Long_refused_values_are_cut_for_show_without_cutting_a_character()
    {
        var blob = new BlobWriter();
        blob.Byte(ChunkCodec.Version);
        var record = new ReceivedRecord(1, RecordAction.Insert, null, null, new string('a', 511) + "😀😀", null);
        ChunkCodec.Write(blob, record, new(default, Reason.InvalidEmail, Reason.InvalidEmail, Reason.None, false), unusable: false);
        List<StagedRecord> read = [];
        ChunkCodec.Read(blob.ToArray(), 0, read);
        Assert.Equal(new string('a', 511), read[0].Text(read[0].Email));
    }

    [Fact]
    public void An_entry_of_the_ledger_comes_out_as_it_went_in()
        => Gen.Select(Gen.Byte[1, 3], Text, Anybody, State).Sample((kind, key, identity, state) =>
        {
            var entry = LedgerEntry.Decode(5, 6, 7, state, LedgerEntry.Encode(new BlobWriter(1), (KeyKind)kind, key, identity.Email, identity.UserId));
            Assert.Equal((5L, 6L, 7, state), (entry.Connection, entry.KeyHash, entry.Slot, entry.State));
            Assert.Equal(((KeyKind)kind, key, identity), (entry.KeyKind, entry.KeyText, entry.Identity));
            Assert.Equal(state is EntryState.Member or EntryState.Maybe, entry.Holds);
        }, iter: 300);

    [Fact]
    public void A_verdict_comes_out_as_it_went_in()
        => Gen.OneOf(
            Gen.Select(Gen.Byte[1, 10], Gen.Byte[0, 43], (o, r) => Verdict.Final((Outcome)o, (Reason)r)),
            Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, 300], Verdict.Operations)).Array.Sample(verdicts =>
        {
            var blob = new BlobWriter(1);
            blob.Byte(Verdict.Version);
            Array.ForEach(verdicts, v => v.Write(blob));
            Assert.Equal(verdicts, Verdict.ReadAll(blob.ToArray()));
        }, iter: 300);

    [Fact]
    public void A_version_that_is_not_known_is_said_so()
    {
        Assert.Contains("version", Assert.Throws<InvalidDataException>(() => Verdict.ReadAll([99])).Message, StringComparison.Ordinal);
        Assert.Contains("version", Assert.Throws<InvalidDataException>(() => ChunkCodec.Read([99], 0, [])).Message, StringComparison.Ordinal);
        Assert.Contains("version", Assert.Throws<InvalidDataException>(() => LedgerEntry.Decode(1, 1, 0, EntryState.Member, [99])).Message, StringComparison.Ordinal);
    }
}
