using IterableAudience.Records;

namespace IterableAudience.Syncs.Mirror;

/// <summary>What became of a row since the baseline; as in the snapshot's <c>rudder_operation_type</c>.</summary>
internal enum RowChange : byte
{
    Unchanged = 0,
    Insert = 1,
    Update = 2,
    Delete = 3,
}

/// <summary>One key of the baseline.</summary>
/// <param name="Values">Hash of the mapped values; <see cref="Unknown"/> when nobody knows which of its values took effect.</param>
/// <param name="Change">What the sync that wrote the baseline found.</param>
internal readonly record struct BaselineEntry(long Values, RowChange Change)
{
    public const long Unknown = 0;
}

/// <summary>What the source has of a key.</summary>
internal enum InSource : byte
{
    Nothing,
    OneRow,

    /// <summary>All of them are held back.</summary>
    SeveralRows,
}

/// <summary>
/// The rules of the diff, one key at a time. Pure. <see cref="SnapshotSql"/> says the same in SQL, and random tables are put through both.
/// </summary>
/// <remarks>
/// The baseline names every key that may have a member in the ledger. So a key whose rows are invalid stays in it, as unknown: what failed of it before is
/// no longer tried again, so whatever it comes back with is a change. And after a sync that did not come to its end, what it had found is unknown.
/// </remarks>
internal static class DiffRules
{
    /// <param name="source">What the source has.</param>
    /// <param name="values">Hash of the values of the one row.</param>
    /// <param name="before">What the baseline has, as <see cref="Read"/> gives it; null when it hasn't the key.</param>
    /// <param name="full">Nothing is compared.</param>
    /// <param name="keepAbsent">Rows that are gone are left alone.</param>
    /// <param name="nobodyYet">The ledger has nobody of the connection: no key can have a member.</param>
    /// <returns>What is staged, if anything, and what the new baseline has, if anything.</returns>
    public static (RecordAction? Action, BaselineEntry? After) Decide(InSource source, long values, BaselineEntry? before, bool full, bool keepAbsent, bool nobodyYet)
        => (source, before) switch
        {
            (InSource.OneRow, null) => (RecordAction.Insert, new(values, RowChange.Insert)),
            (InSource.OneRow, _) when full => (RecordAction.Insert, new(values, RowChange.Insert)),
            (InSource.OneRow, { } known) => known.Values == values ? (null, new(values, RowChange.Unchanged)) : (RecordAction.Update, new(values, RowChange.Update)),
            (InSource.SeveralRows, _) when full && nobodyYet => (null, null),
            (InSource.SeveralRows, _) when full || before is not null => (null, new(BaselineEntry.Unknown, RowChange.Unchanged)),
            (InSource.Nothing, { } known) when !full => keepAbsent ? (null, known with { Change = RowChange.Unchanged }) : (RecordAction.Delete, known with { Change = RowChange.Delete }),
            _ => (null, null),
        };

    /// <summary>A stored entry as it is to be compared with; null when the key counts as gone.</summary>
    /// <param name="stored">As the sync wrote it.</param>
    /// <param name="dirty">That sync did not come to its end: what it changed may have taken effect or not, a removal too.</param>
    public static BaselineEntry? Read(BaselineEntry stored, bool dirty)
        => stored.Change == RowChange.Unchanged ? stored
            : dirty ? stored with { Values = BaselineEntry.Unknown }
            : stored.Change == RowChange.Delete ? null
            : stored;
}
