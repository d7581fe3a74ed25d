using IterableAudience.Connections;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>The ledger of one list as it is stored, with the tables that are derived from it.</summary>
internal sealed class LedgerView
{
    private readonly HashSet<(long Hash, long Connection, long KeyHash)> _holders;
    private readonly Dictionary<long, (long, long, long)> _counts;

    private LedgerView(List<LedgerEntry> entries, HashSet<(long, long, long)> holders, Dictionary<long, (long, long, long)> counts)
        => (Entries, _holders, _counts) = (entries, holders, counts);

    public List<LedgerEntry> Entries { get; }

    public static LedgerView Read(LeanStore store, long list) => store.Read(c => new LedgerView(
        c.Rows(
            "SELECT connection, key_hash, slot, state, value FROM member WHERE list = @l",
            r => LedgerEntry.Decode(r.GetInt64(0), r.GetInt64(1), r.GetInt32(2), (EntryState)r.GetByte(3), r.Blob(4)), ("@l", list)),
        HolderView.Read(c, list),
        c.Rows(
            "SELECT connection, members, maybes, leaving FROM ledger_count WHERE list = @l",
            r => (r.GetInt64(0), (r.GetInt64(1), r.GetInt64(2), r.GetInt64(3))), ("@l", list)).ToDictionary()));

    /// <summary>Counts are kept, not counted; the index of holders is merged, not derived. Both must come out as if they were.</summary>
    public void CheckDerived(KeyedHash hash)
    {
        foreach (var connection in Entries.Select(e => e.Connection).Concat(_counts.Keys).Distinct())
        {
            var states = Entries.Where(e => e.Connection == connection).ToLookup(e => e.State);
            Assert.Equal(
                (states[EntryState.Member].LongCount(), states[EntryState.Maybe].LongCount(), states[EntryState.Leaving].LongCount()),
                _counts.GetValueOrDefault(connection));
        }

        foreach (var entry in Entries.Where(e => e.Holds))
        {
            foreach (var identityHash in new[] { entry.Identity.Email is { } e ? hash.Email(e) : (UInt128?)null, entry.Identity.UserId is { } u ? hash.User(u) : null })
            {
                if (identityHash is { } needed)
                {
                    Assert.True(
                        _holders.Contains((KeyedHash.Short(needed), entry.Connection, entry.KeyHash)),
                        $"The index of holders lacks {entry.Identity} of key {entry.KeyText}.");
                }
            }
        }
    }
}
