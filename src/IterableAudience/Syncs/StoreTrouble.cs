using System.Data.Common;

namespace IterableAudience.Syncs;

/// <summary>
/// Tells trouble of the store (full disk, lock, broken file) from a bug: the first passes, and nothing is lost meanwhile. Whatever the store
/// refuses counts as trouble, a statement of ours that it never takes included: a sync that may have sent something rather waits, and says so
/// again and again, than ends without its answers recorded.
/// </summary>
internal static class StoreTrouble
{
    public static bool Is(Exception exception)
        => exception is DbException or IOException or System.Net.Sockets.SocketException or TimeoutException || (exception.InnerException is { } inner && Is(inner));
}
