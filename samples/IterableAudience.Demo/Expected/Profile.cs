namespace IterableAudience.Demo.Expected;

/// <summary>A user of the imagined Iterable project. Its address can change while it is on the list.</summary>
internal sealed class Profile
{
    public string? Email { get; set; }

    public string? UserId { get; set; }
}
