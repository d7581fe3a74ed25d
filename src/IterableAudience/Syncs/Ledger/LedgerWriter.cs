using System.Data.Common;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Moves the ledger for what Iterable accepted, within the transaction that records the answer. Every change is idempotent: a batch that
/// is sent and recorded again after a crash leaves the same ledger.
/// </summary>
internal sealed class LedgerWriter : IDisposable
{
    private readonly MemberRows _rows;
    private readonly DbConnection _connection;
    private readonly BlobWriter _scratch = new(256);
    private readonly long _list;
    private readonly long _own;
    private readonly long[] _delta = new long[4];
    private readonly bool _isRedone;

    /// <param name="connection">Open; the changes belong to its current transaction.</param>
    /// <param name="list">The list.</param>
    /// <param name="ownConnection">The connection whose entries move.</param>
    /// <param name="keyHashes">The keys of all operations to come.</param>
    /// <param name="careful">False: an entry that the plan did not find is not there, and if it is, that is a duplicate.</param>
    public LedgerWriter(DbConnection connection, long list, long ownConnection, Func<long[]> keyHashes, bool careful)
    {
        _connection = connection;
        _list = list;
        _own = ownConnection;
        _isRedone = careful && connection.IsRemote(); // SQLite records every batch carefully, and finds out at once what is there
        _rows = MemberRows.Of(connection, list, ownConnection, keyHashes, careful);
    }

    /// <summary>What an answer to a subscribe means for the entries of its key.</summary>
    public void Subscribed(PlanOp op, Outcome outcome, bool mayBeApplied)
    {
        if (outcome == Outcome.Subscribed)
        {
            Put(op, EntryState.Member);
            foreach (var (slot, _) in op.EndSlots)
            {
                End(op.KeyHash, slot);
            }

            foreach (var (slot, _) in op.LeaveSlots)
            {
                Leave(op.KeyHash, slot);
            }
        }
        else if (outcome == Outcome.Forgotten && op.Prior != EntryState.None)
        {
            End(op.KeyHash, op.Slot); // Iterable has erased the person; so do we
        }
        else if (mayBeApplied && op.Prior is EntryState.None or EntryState.Leaving)
        {
            Put(op, EntryState.Maybe);
        }
    }

    /// <summary>An accepted subscribe that stands alone (<see cref="OpHead.IsPlain"/>): the million-row path.</summary>
    public void Subscribed(in OpHead head, byte[] blob)
        => Put(head.KeyHash, head.Slot, head.KeyKind, head.Prior, EntryState.Member, LedgerEntry.Encode(_scratch, head, blob));

    /// <summary>What an answer to an unsubscribe means for the entry that it ends.</summary>
    /// <param name="op">A leave or replace; a delete of an unknown key has no entry.</param>
    /// <param name="outcome">Unsubscribed, Failed or Retained move the entry; NotSent leaves it as it is, unless it may have been done all the same.</param>
    /// <param name="finished">False while another request still decides: the entry is leaving until then.</param>
    /// <param name="mayBeApplied">The person may be off the list: an entry that went on as a member would be ahead of Iterable.</param>
    public void Unsubscribed(PlanOp op, Outcome outcome, bool finished, bool mayBeApplied)
    {
        if (op.Kind == OpKind.UnknownDelete)
        {
            return;
        }

        if (outcome == Outcome.Unsubscribed && finished)
        {
            End(op.KeyHash, op.Slot);
        }
        else if (outcome is Outcome.Unsubscribed or Outcome.Failed or Outcome.Retained || mayBeApplied)
        {
            if (op.Prior is not EntryState.Leaving)
            {
                Leave(op.KeyHash, op.Slot);
            }

            var asked = op.Is(OpFlags.Asked) || outcome != Outcome.Retained;
            if (op.Is(OpFlags.StillHolds) || asked != op.Is(OpFlags.Asked))
            {
                PutLeaving(op, stillHolds: false, asked);
            }
        }
    }

    /// <summary>A row speaks for the person of a leaver. If the entry is leaving by now, or this makes it so, it says whether it holds the person for others.</summary>
    public void Keep(PlanOp op, Outcome outcome, bool stillHolds)
    {
        if (op.Kind == OpKind.Leave && outcome == Outcome.Retained && op.Prior != EntryState.Leaving)
        {
            Leave(op.KeyHash, op.Slot);
        }

        if (stillHolds || op.Is(OpFlags.StillHolds))
        {
            PutLeaving(op, stillHolds, op.Is(OpFlags.Asked));
        }
    }

    /// <summary>Writes what is not written yet, and the change of the counts; call it once, last.</summary>
    public void Finish()
    {
        _rows.Finish();
        if (_delta.AsSpan().ContainsAnyExcept(0L))
        {
            _connection.Later(
                """
                INSERT INTO ledger_count (list, connection, members, maybes, leaving) VALUES (@l, @c, @m, @b, @v)
                ON CONFLICT (list, connection) DO UPDATE SET
                  members = ledger_count.members + excluded.members, maybes = ledger_count.maybes + excluded.maybes,
                  leaving = ledger_count.leaving + excluded.leaving
                """,
                ("@l", _list), ("@c", _own), ("@m", _delta[1]), ("@b", _delta[2]), ("@v", _delta[3]));
        }
    }

    public void Dispose() => _rows.Dispose();

    private void Put(PlanOp op, EntryState state)
        => Put(
            op.KeyHash, op.Slot, op.KeyKind,
            op.Is(OpFlags.FollowUp) ? StateOf(op.KeyHash, op.Slot) : op.Prior, // the first try may have left an entry
            state,
            LedgerEntry.Encode(_scratch, op.KeyKind, op.Key, op.LedgerIdentity.Email, op.LedgerIdentity.UserId));

    private void Put(long keyHash, byte slot, KeyKind keyKind, EntryState prior, EntryState state, ReadOnlySpan<byte> value)
    {
        // A keyless delete may have moved the entry of another key in this very sync; primary keys have their entries to themselves.
        prior = !_isRedone && (keyKind == KeyKind.Primary || prior == EntryState.None) ? prior : StateOf(keyHash, slot);
        _rows.Put(keyHash, slot, state, value, isNew: prior == EntryState.None);
        Move(prior, state);
    }

    /// <summary>Several operations may end or leave one entry (its own replacement, one that it follows), so what it is by now is what counts.</summary>
    private void End(long keyHash, byte slot) => Move(_rows.End(keyHash, slot), EntryState.None);

    private void Leave(long keyHash, byte slot)
    {
        if (StateOf(keyHash, slot) is var state and not EntryState.None)
        {
            _rows.Leave(keyHash, slot);
            Move(state, EntryState.Leaving);
        }
    }

    private void PutLeaving(PlanOp op, bool stillHolds, bool asked)
    {
        if (StateOf(op.KeyHash, op.Slot) == EntryState.Leaving)
        {
            var (email, userId) = (op.LedgerIdentity.Email, op.LedgerIdentity.UserId);
            _rows.Put(op.KeyHash, op.Slot, EntryState.Leaving, LedgerEntry.Encode(_scratch, op.KeyKind, op.Key, email, userId, stillHolds, asked), isNew: false);
        }
    }

    private EntryState StateOf(long keyHash, byte slot) => _rows.StateOf(keyHash, slot);

    private void Move(EntryState from, EntryState to)
    {
        _delta[(int)from]--;
        _delta[(int)to]++;
        _delta[0] = 0;
    }
}
