namespace IterableAudience.Store;

/// <summary>A value that belongs to the store itself, such as the protected hash seed.</summary>
public sealed class Setting
{
    public required string Name { get; set; }

    public required string Value { get; set; }
}
