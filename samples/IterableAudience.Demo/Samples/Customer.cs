namespace IterableAudience.Demo.Samples;

/// <summary>A row of the imagined warehouse table, with its values as people typed them.</summary>
/// <param name="Tidy">Nothing is wrong with its identifiers, and nothing has to be normalized.</param>
internal sealed record Customer(int Key, string? Email, string? Id, string FirstName, string LastName, string City, string Plan, bool Tidy = true)
{
    public bool HasBoth => Email is not null && Id is not null;

    public bool HasEmailOnly => Email is not null && Id is null;
}
