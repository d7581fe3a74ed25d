using System.Data.Common;
using IterableAudience.Accounts;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Schedules;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Connections;

/// <summary>
/// Makes a connection: everything that can be wrong in the service is checked before Iterable is asked, and a list is made last of all,
/// since it can't be taken back.
/// </summary>
internal sealed class ConnectionMaker(StoreContext db, ProjectDirectory projects, IterableClient client, ListMaker lists, ConnectionSignal changed, TimeProvider time)
{
    /// <returns>The stored connection, or the problem; a problem leaves no connection behind, and names a list that was made.</returns>
    public async Task<(Connection? Connection, ProblemAnswer? Problem)> MakeAsync(ConnectionRequest request, CancellationToken cancellation)
    {
        var account = await db.Destinations.AsNoTracking()
            .Where(d => d.Id == request.DestinationId)
            .Join(db.Accounts.AsNoTracking(), d => d.AccountId, a => a.Id, (_, a) => a)
            .SingleOrDefaultAsync(cancellation);
        var project = account is null ? null : projects.For(account);
        var hasSource = request.SourceId is null || await db.Sources.AnyAsync(s => s.Id == request.SourceId, cancellation);
        if (Faults(request, project, hasSource).ByField() is { Count: > 0 } faults)
            return (null, ProblemAnswer.BadFields(faults));

        var wanted = request.DestinationConfig!;
        if (wanted.CreateList is not { } create)
        {
            var madeAt = lists.JustMade(project!, wanted.AudienceId!.Value);
            var (name, fault) = madeAt is null ? await LookAtListAsync(project!, wanted.AudienceId.Value, cancellation) : (null, null);
            return fault is null
                ? (await StoreAsync(request, project!, wanted.AudienceId.Value, name, madeAt, cancellation), null)
                : (null, fault);
        }

        var (listId, existed) = await lists.MakeAsync(project!, create.Name!, create.Description, cancellation);
        if (existed)
            return (null, ListEndpoints.Exists(listId));
        try
        {
            // From here on the client's going away must not leave a list without its connection.
            return (await StoreAsync(request, project!, listId, create.Name, time.GetUtcNow(), CancellationToken.None), null);
        }
        catch (Exception e) when (e is DbUpdateException or DbException)
        {
            return (null, ProblemAnswer
                .Of(StatusCodes.Status500InternalServerError, $"The list {listId} was made in Iterable, but the connection could not be stored. Try again with audienceId {listId} instead of createList.")
                .With("audienceId", listId));
        }
    }

    private static IEnumerable<(string Field, string Message)> Faults(ConnectionRequest request, IterableProject? project, bool hasSource)
    {
        if (!hasSource)
            yield return ("sourceId", "There is no such source; GET /v2/retl-sources lists them. Leave it out for a connection that takes pushed records.");
        if (project is null)
        {
            yield return ("destinationId", "There is no such destination; GET /v2/destinations lists them.");
            yield break;
        }

        foreach (var fault in ConnectionRules.MappingFaults(request.Identifiers ?? [], project.Type, request.SourceId is not null))
            yield return fault;
        foreach (var fault in ConnectionRules.ExistingOnlyFaults(request.DestinationConfig!.UpdateExistingUsersOnly == true, project.Type))
            yield return fault;
    }

    private async Task<(string? Name, ProblemAnswer? Fault)> LookAtListAsync(IterableProject project, long listId, CancellationToken cancellation)
    {
        var known = await client.GetListsAsync(project, refresh: true, cancellation);
        return known.FirstOrDefault(l => l.Id == listId) switch
        {
            null => (null, ProblemAnswer.BadField("destinationConfig.audienceId", "The project has no list with this id; GET /v2/accounts/{id}/lists shows its lists.")),
            { IsStatic: false } list => (null, ProblemAnswer.BadField("destinationConfig.audienceId", $"The list is of type {list.ListType}; only Standard (static) lists can be kept.")),
            var list => (list.Name, null),
        };
    }

    private async Task<Connection> StoreAsync(ConnectionRequest request, IterableProject project, long listId, string? listName, DateTimeOffset? listMadeAt, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var connection = new Connection
        {
            Id = ShortId.New(),
            DestinationId = request.DestinationId!,
            SourceId = request.SourceId,
            Enabled = request.Enabled ?? true,
            ListNo = await ListNoAsync(project.DataCenter, listId, listName, cancellation),
            AudienceId = listId,
            UpdateExistingUsersOnly = request.DestinationConfig!.UpdateExistingUsersOnly ?? false,
            IdentifiersJson = ConnectionParts.ToJson(request.Identifiers ?? []),
            ScheduleJson = ConnectionParts.ToJson(request.Schedule ?? Schedule.Manual),
            SyncSettingsJson = ConnectionParts.ToJson((request.SyncSettings ?? SyncSettings.Default).Over(SyncSettings.Default)),
            Version = 1,
            ListCreatedAt = listMadeAt,
            CreatedAt = now,
            UpdatedAt = now,
        };
        connection.DueAt = connection.DueAfter(now);
        db.Connections.Add(connection);
        await db.SaveChangesAsync(cancellation);
        changed.Tell(connection.Id);
        return connection;
    }

    /// <summary>One row to a list, whatever accounts and connections name it: the row is what a sync claims.</summary>
    private async Task<long> ListNoAsync(DataCenter center, long listId, string? name, CancellationToken cancellation)
    {
        var word = center.ToString();
        var rows = db.Lists.Where(l => l.DataCenter == word && l.ListId == listId);
        var known = rows.Select(l => l.No);
        if (await known.FirstOrDefaultAsync(cancellation) is var no and not 0)
        {
            if (name is not null)
                await rows.ExecuteUpdateAsync(u => u.SetProperty(l => l.Name, name), cancellation);
            return no;
        }

        var list = new AudienceList { DataCenter = word, ListId = listId, Name = name };
        try
        {
            db.Lists.Add(list);
            await db.SaveChangesAsync(cancellation);
            return list.No;
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation())
        {
            // Another request has just added it.
            db.Entry(list).State = EntityState.Detached;
            return await known.SingleAsync(cancellation);
        }
    }
}
