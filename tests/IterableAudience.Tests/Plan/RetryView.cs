using IterableAudience.Store;
using IterableAudience.Syncs.Retry;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Tests.Plan;

/// <summary>What a connection keeps to be tried again.</summary>
internal static class RetryView
{
    /// <summary>The key of each record.</summary>
    public static IReadOnlyList<string> Keys(LeanStore store, long connection)
        => store.Read(c =>
        {
            List<StagedRecord> records = [];
            RetrySet.Read(c, connection, null, 0, records);
            return records.ConvertAll(r => r.Text(r.Key.Key)!);
        });
}
