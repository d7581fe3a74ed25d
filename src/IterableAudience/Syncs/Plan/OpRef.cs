namespace IterableAudience.Syncs.Plan;

/// <summary>The name of an operation within its plan: the slice of the key space that it came from, and its place in there.</summary>
internal readonly record struct OpRef(ushort Part, int Ord) : IComparable<OpRef>
{
    public int CompareTo(OpRef other)
        => Part != other.Part ? Part.CompareTo(other.Part) : Ord.CompareTo(other.Ord);
}
