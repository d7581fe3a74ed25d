namespace IterableAudience.Iterable;

/// <summary>A control call (lists, create, probe) that Iterable refused or didn't answer.</summary>
/// <param name="category">What is wrong.</param>
/// <param name="message">For operators: says what to check. Holds no key and no personal data.</param>
/// <param name="status">The HTTP status, if there was an answer.</param>
public sealed class IterableFailureException(FailureCategory category, string message, int? status) : Exception(message)
{
    /// <summary>What is wrong.</summary>
    public FailureCategory Category { get; } = category;

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public int? Status { get; } = status;
}
