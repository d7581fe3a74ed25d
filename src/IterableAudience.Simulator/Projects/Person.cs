namespace IterableAudience.Simulator.Projects;

/// <summary>The canonical identifiers of a user: the e-mail in lower case, the userId exactly.</summary>
internal readonly record struct Person(string? Email, string? UserId) : IComparable<Person>
{
    public int CompareTo(Person other)
    {
        var byUserId = string.CompareOrdinal(UserId, other.UserId);
        return byUserId != 0 ? byUserId : string.CompareOrdinal(Email, other.Email);
    }
}
