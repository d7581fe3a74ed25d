namespace IterableAudience.Warehouses;

/// <summary>
/// A warehouse can't be reached, refuses, or has not what was asked for. The text is one sentence for an operator: what is wrong and what to check,
/// never a value of a row and never a secret.
/// </summary>
internal sealed class WarehouseException(string reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public const string Unreachable = "unreachable";
    public const string AccessDenied = "access_denied";
    public const string NotFound = "not_found";
    public const string InvalidQuery = "invalid_query";
    public const string Timeout = "timeout";
    public const string Busy = "busy";
    public const string Failed = "failed";

    /// <summary>One word for programs: one of the constants of this class.</summary>
    public string Reason { get; } = reason;
}
