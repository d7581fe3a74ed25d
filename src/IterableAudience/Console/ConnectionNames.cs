using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Records;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Console;

/// <summary>What people call a connection: the name of its list.</summary>
internal sealed class ConnectionNames(StoreContext db)
{
    /// <summary>The list's name as last seen in Iterable, or its id; empty when there is no such connection.</summary>
    public async Task<string> OfAsync(string connectionId, CancellationToken cancel)
        => await db.Connections.AsNoTracking().Where(c => c.Id == connectionId && !c.Deleted)
            .Join(db.Lists, c => c.ListNo, l => l.No, (c, l) => new { c.AudienceId, l.Name })
            .SingleOrDefaultAsync(cancel) is { } found
                ? found.Name ?? $"List {found.AudienceId}"
                : "";

    /// <summary>The names of a connection's source, null when it has none, and of its destination.</summary>
    public async Task<(string? Source, string Destination)> EndsAsync(ConnectionView connection, CancellationToken cancel) => (
        connection.SourceId is null ? null : await db.Sources.Where(s => s.Id == connection.SourceId).Select(s => s.Name).SingleOrDefaultAsync(cancel) ?? "a deleted source",
        await db.Destinations.Where(d => d.Id == connection.DestinationId).Select(d => d.Name).SingleOrDefaultAsync(cancel) ?? "a deleted destination");

    /// <summary>Which connections keep which list of a data center, by the list's id.</summary>
    public async Task<ILookup<long, string>> KeepersAsync(string dataCenter, string except, CancellationToken cancel)
        => (await db.Connections.AsNoTracking().Where(c => !c.Deleted && c.Id != except)
            .Join(db.Lists.Where(l => l.DataCenter == dataCenter), c => c.ListNo, l => l.No, (c, l) => new { l.ListId, c.Id })
            .ToListAsync(cancel)).ToLookup(k => k.ListId, k => k.Id);

    /// <summary>The project type of a destination's account, as it is stored.</summary>
    public async Task<ProjectType> ProjectTypeAsync(string destinationId, CancellationToken cancel)
        => await db.Destinations.Where(d => d.Id == destinationId).Join(db.Accounts.AsNoTracking(), d => d.AccountId, a => a.Id, (_, a) => a).SingleOrDefaultAsync(cancel) is { } account
            && AccountOptions.TryProjectType(AccountOptions.Of(account).ProjectType, out var type) ? type : ProjectType.Hybrid;
}
