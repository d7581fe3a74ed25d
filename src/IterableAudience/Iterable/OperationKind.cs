namespace IterableAudience.Iterable;

/// <summary>What one operation, and the request that carries it, does. The numbers are stored.</summary>
public enum OperationKind : byte
{
    /// <summary>Puts people on a static list: <c>POST /api/lists/subscribe</c>.</summary>
    Subscribe,

    /// <summary>Takes people off a static list, and off nothing else: <c>POST /api/lists/unsubscribe</c>.</summary>
    Unsubscribe,
}
