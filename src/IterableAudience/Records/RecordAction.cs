namespace IterableAudience.Records;

/// <summary>What the sender says became of a row.</summary>
public enum RecordAction : byte
{
    /// <summary>The row is new: its person belongs on the list.</summary>
    Insert,

    /// <summary>The row changed: its person, under the identifiers it has now, belongs on the list.</summary>
    Update,

    /// <summary>The row is gone: its person leaves the list when no other row holds the person.</summary>
    Delete,
}
