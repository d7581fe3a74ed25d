using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Connections;

/// <summary>Adds to connections what is known of them elsewhere: their newest sync and how many members they have.</summary>
internal sealed class ConnectionViews(StoreContext db, LedgerCounts ledger, TimeProvider time)
{
    public async Task<IReadOnlyList<ConnectionView>> OfAsync(IReadOnlyList<Connection> connections, CancellationToken cancellation)
    {
        var numbers = connections.Select(c => c.No).ToList();
        var newest = await db.Syncs.AsNoTracking()
            .Where(s => numbers.Contains(s.ConnectionNo) && s.No == db.Syncs.Where(o => o.ConnectionNo == s.ConnectionNo).Max(o => o.No))
            .ToDictionaryAsync(s => s.ConnectionNo, cancellation);
        var members = ledger.Members(numbers);
        var now = time.GetUtcNow();
        return [.. connections.Select(c => ConnectionView.Of(c, newest.GetValueOrDefault(c.No), members.GetValueOrDefault(c.No), now))];
    }
}
