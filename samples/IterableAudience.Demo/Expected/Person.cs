namespace IterableAudience.Demo.Expected;

/// <summary>A user of the simulated hybrid project: at least one of the two is set.</summary>
internal readonly record struct Person(string? Email, string? UserId) : IComparable<Person>
{
    public int CompareTo(Person other)
    {
        var byUserId = string.CompareOrdinal(UserId, other.UserId);
        return byUserId != 0 ? byUserId : string.CompareOrdinal(Email, other.Email);
    }

    public override string ToString() => $"email {Email ?? "-"}, userId {UserId ?? "-"}";
}
