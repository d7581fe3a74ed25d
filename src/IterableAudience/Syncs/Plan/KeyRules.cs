using IterableAudience.Records;
using IterableAudience.Syncs.Ledger;

namespace IterableAudience.Syncs.Plan;

/// <summary>How a sync wants to be planned.</summary>
/// <param name="Full">The records are the whole audience.</param>
/// <param name="Resend">Send what the ledger already holds, too.</param>
/// <param name="RemoveAbsent">A full sync whose every record could be placed: members without a record leave.</param>
/// <param name="IgnoreUnknownDeletes">A delete whose key the ledger does not know changes nothing.</param>
/// <param name="RetryFailed">What failed in earlier syncs of the connection is planned, too.</param>
internal readonly record struct PlanMode(bool Full, bool Resend, bool RemoveAbsent, bool IgnoreUnknownDeletes, bool RetryFailed = false);

/// <summary>One record of a key, as the rules see it.</summary>
/// <param name="Action">Null: names no action that exists.</param>
/// <param name="Rejection">What validation said, <see cref="Reason.None"/> when it is fine.</param>
/// <param name="Unusable">Not even as a delete by key.</param>
/// <param name="Identity">Whom it names.</param>
/// <param name="Line">Where it came.</param>
/// <param name="Retried">An earlier sync brought it, and it failed there or was not sent.</param>
internal readonly record struct KeyRecord(RecordAction? Action, Reason Rejection, bool Unusable, Identity Identity, int Line, bool Retried = false)
{
    public bool HasIdentity => Identity.Email is not null || Identity.UserId is not null;
}

/// <summary>What became of a record already, or <see cref="Outcome.Pending"/>: the operations of its key decide.</summary>
internal readonly record struct RecordFate(Outcome Outcome, Reason Reason);

/// <summary>
/// The plan rules of one key: its records of this sync in the order of arrival, its ledger entries, and out come the fate of each record
/// and the operations. Pure. Whether a leaver is held by somebody else is decided later, when all keys are known.
/// </summary>
internal static class KeyRules
{
    /// <param name="records">In the order of arrival, those of earlier syncs first; none when the key has none.</param>
    /// <param name="entries">The key's entries, at most one of them with the state of a member.</param>
    /// <param name="mode">How to plan.</param>
    /// <param name="freeSlot">A slot that no entry of the key's hash has, nor a key that shares the hash and was decided before.</param>
    /// <param name="fates">One for each record. Exactly the record that is <see cref="Outcome.Pending"/>, if any, waits for <paramref name="operations"/>.</param>
    /// <param name="operations">Those that decide the pending record come first; how many they are is the result.</param>
    public static int Decide(
        ReadOnlySpan<KeyRecord> records, ReadOnlySpan<LedgerEntry> entries, PlanMode mode, byte freeSlot, Span<RecordFate> fates, List<PlanOp> operations)
    {
        var last = -1;
        var known = entries.Length > 0;
        var came = false;
        Identity named = default;
        for (var i = 0; i < records.Length; i++)
        {
            var record = records[i];
            came |= !record.Retried;
            var usable = record.Rejection == Reason.None || (record.Action == RecordAction.Delete && !record.Unusable && known);
            fates[i] = usable ? new(Outcome.Superseded, Reason.LaterRecordSameKey) : new(Outcome.Rejected, record.Rejection);
            if (usable)
            {
                last = i;
                known = true; // a later delete of this key needs no identifier: this record named the person
                named = record.HasIdentity ? record.Identity : named;
            }
        }

        // A full push that does not bring the key says that the row is gone: there is nobody to put on the list any more.
        if (last < 0 || (!came && mode.RemoveAbsent && records[last].Action != RecordAction.Delete))
        {
            Leftovers(entries, mode, absent: !came, operations);
            return 0;
        }

        if (records[last].Action == RecordAction.Delete)
        {
            return Delete(records[last], named, entries, mode, out fates[last], operations);
        }

        return Upsert(records[last], entries, mode, freeSlot, out fates[last], operations);
    }

    private static int Delete(
        KeyRecord record, Identity named, ReadOnlySpan<LedgerEntry> entries, PlanMode mode, out RecordFate fate, List<PlanOp> operations)
    {
        fate = new(Outcome.Pending, Reason.None);
        foreach (ref readonly var entry in entries)
        {
            operations.Add(Leaver(entry, OpFlags.None, OpKind.Leave, record.Line));
        }

        if (entries.Length > 0)
        {
            return entries.Length;
        }

        if (mode.IgnoreUnknownDeletes)
        {
            fate = new(Outcome.Unsubscribed, Reason.WasNotMember);
            return 0;
        }

        // The list may be older than the ledger: the record itself names who leaves.
        operations.Add(new PlanOp
        {
            Kind = OpKind.UnknownDelete,
            Line = record.Line,
            Identity = record.HasIdentity ? record.Identity : named,
            LedgerIdentity = record.HasIdentity ? record.Identity : named,
        });
        return 1;
    }

    private static int Upsert(
        KeyRecord record, ReadOnlySpan<LedgerEntry> entries, PlanMode mode, byte freeSlot, out RecordFate fate, List<PlanOp> operations)
    {
        var identity = record.Identity;
        var same = -1;
        for (var i = 0; i < entries.Length; i++)
        {
            if (entries[i].Identity.IsSamePersonAs(identity) && (same < 0 || entries[i].State < entries[same].State))
            {
                same = i;
            }
        }

        var known = same < 0 ? default : entries[same].Identity;

        // An identifier that is missing while the other is equal is no change: the ledger goes on remembering it.
        var merged = new Identity(identity.Email ?? known.Email, identity.UserId ?? known.UserId);
        if (mode is { Full: true, Resend: false } && same >= 0 && entries[same].State == EntryState.Member && merged == known
            && !AnyOtherHolds(entries, same))
        {
            fate = new(Outcome.Unchanged, Reason.AlreadyMember);
            Leftovers(entries, mode, absent: false, operations);
            return 0;
        }

        fate = new(Outcome.Pending, Reason.None);
        List<(byte, EntryState)>? ends = null;
        List<(byte, EntryState)>? leaves = null;
        for (var i = 0; i < entries.Length; i++)
        {
            ref readonly var entry = ref entries[i];
            if (i != same && entry.Identity.IsSamePersonAs(merged))
            {
                (ends ??= []).Add(((byte)entry.Slot, entry.State));
            }
            else if (i != same && entry.Holds)
            {
                (leaves ??= []).Add(((byte)entry.Slot, entry.State));
            }
        }

        operations.Add(new PlanOp
        {
            Kind = OpKind.Subscribe,
            Line = record.Line,
            Slot = same >= 0 ? (byte)entries[same].Slot : freeSlot,
            Prior = same >= 0 ? entries[same].State : EntryState.None,
            Identity = identity,
            LedgerIdentity = merged,
            EndSlots = ends?.ToArray() ?? [],
            LeaveSlots = leaves?.ToArray() ?? [],
        });
        var deciding = 1;
        foreach (ref readonly var entry in entries)
        {
            if (entry.Holds && !entry.Identity.IsSamePersonAs(merged))
            {
                operations.Add(Leaver(entry, OpFlags.None, OpKind.Replace, record.Line));
                deciding++;
            }
        }

        foreach (ref readonly var entry in entries)
        {
            if (entry.State == EntryState.Leaving && !entry.Identity.IsSamePersonAs(merged))
            {
                operations.Add(Leaver(entry, OpFlags.Retried, OpKind.Leave, 0));
            }
        }

        return deciding;
    }

    /// <summary>Entries that no record of this sync speaks for: leaving ones are tried again, others leave when a full sync misses them.</summary>
    private static void Leftovers(ReadOnlySpan<LedgerEntry> entries, PlanMode mode, bool absent, List<PlanOp> operations)
    {
        foreach (ref readonly var entry in entries)
        {
            if (entry.State == EntryState.Leaving)
            {
                operations.Add(Leaver(entry, OpFlags.Retried, OpKind.Leave, 0));
            }
            else if (absent && mode.RemoveAbsent)
            {
                operations.Add(Leaver(entry, OpFlags.Absent, OpKind.Leave, 0));
            }
        }
    }

    private static PlanOp Leaver(in LedgerEntry entry, OpFlags flags, OpKind kind, int line) => new()
    {
        Kind = kind,
        Flags = flags,
        Line = line,
        KeyHash = entry.KeyHash,
        Slot = (byte)entry.Slot,
        Prior = entry.State,
        KeyKind = entry.KeyKind,
        Key = entry.KeyText,
        Identity = entry.Identity,
        LedgerIdentity = entry.Identity,
    };

    /// <summary>The row has put somebody else on the list as well, or may have: that one has to leave, so the record does change something.</summary>
    private static bool AnyOtherHolds(ReadOnlySpan<LedgerEntry> entries, int same)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            if (i != same && entries[i].Holds)
            {
                return true;
            }
        }

        return false;
    }
}
