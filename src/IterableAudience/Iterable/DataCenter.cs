namespace IterableAudience.Iterable;

/// <summary>Where an Iterable project lives. A project lives in one data center only, and its key is unknown in the other.</summary>
public enum DataCenter
{
    /// <summary><c>https://api.iterable.com</c>.</summary>
    US,

    /// <summary><c>https://api.eu.iterable.com</c>.</summary>
    EU,
}
