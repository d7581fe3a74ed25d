using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;

namespace IterableAudience.Tests.Plan;

/// <summary>What the runs of holders say together: who came and has not gone since.</summary>
internal static class HolderView
{
    public static HashSet<(long Hash, long Connection, long KeyHash)> Read(DbConnection connection, long list)
    {
        HashSet<(long, long, long)> holders = [];
        foreach (var run in HolderRuns.Live(connection, list))
        {
            foreach (var (hash, keyHash) in HolderCompaction.Entries(connection, run.Run))
            {
                if (run.IsGone)
                    holders.Remove((hash, run.Connection, keyHash));
                else
                    holders.Add((hash, run.Connection, keyHash));
            }
        }

        return holders;
    }
}
