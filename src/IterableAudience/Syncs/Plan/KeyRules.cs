using IterableAudience.Records;
using IterableAudience.Syncs.Ledger;

namespace IterableAudience.Syncs.Plan;

/// <summary>How a sync wants to be planned.</summary>
/// <param name="Full">The records are the whole audience.</param>
/// <param name="Resend">Send what the ledger already holds, too.</param>
/// <param name="RemoveAbsent">A full sync whose every record could be placed: members without a record leave.</param>
/// <param name="IgnoreUnknownDeletes">A delete whose key the ledger does not know changes nothing.</param>
/// <param name="RetryFailed">What failed in earlier syncs of the connection is planned, too.</param>
/// <param name="RetryRemovals">Removals that are open are tried again. Not where nobody knows whom the source has: its rows can't be told apart, or it isn't read.</param>
/// <param name="Mirror">The records are the rows of a source as they are now: what an earlier sync read of a row counts no more, even if the row is held back.</param>
internal readonly record struct PlanMode(bool Full, bool Resend, bool RemoveAbsent, bool IgnoreUnknownDeletes, bool RetryFailed = false, bool Mirror = false, bool RetryRemovals = true)
{
    /// <summary>Leaving entries are looked at: they are tried again, or, where that must wait, a row of the source may say that they still hold.</summary>
    public bool SeesLeaving => RetryRemovals || Mirror;

    /// <summary>A leaving entry waits for another sync. So does one that still holds, while the row it holds for may be one that was refused and isn't read again: a sync that compares as a whole reads it.</summary>
    public bool LeavesAlone(in LedgerEntry entry) => !RetryRemovals || (entry.StillHolds && Mirror && !Full && !RetryFailed);
}

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
        foreach (ref readonly var record in records)
        {
            came |= !record.Retried;
        }

        Identity named = default;
        for (var i = 0; i < records.Length; i++)
        {
            var record = records[i];
            if (record.Retried && came && mode.Mirror)
            {
                fates[i] = new(Outcome.Superseded, Reason.LaterRecordSameKey);
                continue;
            }

            var usable = record.Rejection == Reason.None || (record.Action == RecordAction.Delete && !record.Unusable && (known || mode.Mirror));
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

        if (!came && !mode.RetryRemovals && records[last].Action == RecordAction.Delete)
        {
            Leftovers(entries, mode, absent: false, operations);
            return 0; // its entries are leaving: a later sync sees to them
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
            if (!WaitsForRow(entry))
            {
                operations.Add(Leaver(entry, OpFlags.None, OpKind.Leave, record.Line));
            }
        }

        if (entries.Length > 0)
        {
            var deciding = operations.Count;
            fate = deciding > 0 ? fate : new(Outcome.Retained, Reason.HeldByAnotherRecord);
            foreach (ref readonly var entry in entries)
            {
                if (mode.SeesLeaving && WaitsForRow(entry))
                {
                    operations.Add(Leaver(entry, OpFlags.Retried | OpFlags.LeftAlone, OpKind.Leave, 0));
                }
            }

            return deciding;
        }

        // The row that speaks for the person is one that this sync doesn't know.
        bool WaitsForRow(in LedgerEntry entry) => entry.StillHolds && (!mode.SeesLeaving || mode.LeavesAlone(entry));

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
            && !AnyOtherMember(entries, same))
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
            else if (i != same && entry.IsMember)
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
            if (entry.IsMember && !entry.Identity.IsSamePersonAs(merged))
            {
                operations.Add(Leaver(entry, OpFlags.None, OpKind.Replace, record.Line));
                deciding++;
            }
        }

        foreach (ref readonly var entry in entries)
        {
            if (mode.SeesLeaving && entry.State == EntryState.Leaving && !entry.Identity.IsSamePersonAs(merged))
            {
                operations.Add(Leaver(entry, mode.LeavesAlone(entry) ? OpFlags.Retried | OpFlags.LeftAlone : OpFlags.Retried, OpKind.Leave, 0));
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
                if (mode.SeesLeaving)
                {
                    operations.Add(Leaver(entry, mode.LeavesAlone(entry) ? OpFlags.Retried | OpFlags.LeftAlone : OpFlags.Retried, OpKind.Leave, 0));
                }
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
        Flags = flags | (entry.StillHolds ? OpFlags.StillHolds : 0) | (entry.Asked ? OpFlags.Asked : 0),
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
    private static bool AnyOtherMember(ReadOnlySpan<LedgerEntry> entries, int same)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            if (i != same && entries[i].IsMember)
            {
                return true;
            }
        }

        return false;
    }
}
