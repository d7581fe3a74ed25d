namespace IterableAudience.Demo.Driving;

/// <summary>Something that a person at the terminal can understand; shown without its stack.</summary>
internal sealed class DemoException(string message) : Exception(message);
