using System.Data.Common;

namespace IterableAudience.Syncs;

/// <summary>Tells trouble of the store (full disk, lock, broken file) from a bug: the first passes, and nothing is lost meanwhile.</summary>
internal static class StoreTrouble
{
    public static bool Is(Exception exception)
        => exception is DbException || exception is IOException || (exception.InnerException is { } inner && Is(inner));
}
