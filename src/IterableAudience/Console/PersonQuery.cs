using System.Diagnostics;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Report;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Console;

/// <summary>
/// Where a person is and why: the entries of the ledger on every list, found by the holders' index, and what the last syncs of each connection
/// did with records that name the person.
/// </summary>
internal sealed class PersonQuery(StoreContext db, LeanStore store, KeyedHash hash)
{
    /// <summary>So many of the last syncs of each connection are looked through, and so many of the last with failures, as long as there is time.</summary>
    public const int SyncsLookedThrough = 5;

    private const int RecordsOfSync = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="who">An e-mail address or a userId: both are tried.</param>
    /// <param name="cancel">The visitor has gone.</param>
    public async Task<FoundPerson> FindAsync(string who, CancellationToken cancel)
    {
        var email = who.Trim().ToLowerInvariant();
        var connections = await (
            from c in db.Connections.AsNoTracking()
            where !c.Deleted
            join l in db.Lists on c.ListNo equals l.No
            select new Place(c.No, c.Id, c.ListNo, l.Name ?? "List " + c.AudienceId)).ToListAsync(cancel);
        var byNo = connections.ToDictionary(c => c.No);
        List<FoundEntry> entries = [];
        foreach (var list in connections.Select(c => c.ListNo).Distinct())
        {
            cancel.ThrowIfCancellationRequested();
            entries.AddRange(EntriesOn(list, email, who.Trim()).Where(e => byNo.ContainsKey(e.Connection)).Select(e => new FoundEntry(
                byNo[e.Connection].Id, byNo[e.Connection].Title, e.KeyKind == Syncs.Staging.KeyKind.Primary ? e.KeyText : null, RecordViews.Identifiers(e.Identity), StateWord(e.State))));
        }

        var isMoving = await db.Syncs.AnyAsync(s => s.Active, cancel);
        var (records, isAll) = await RecordsAsync(connections, who.Trim(), cancel);
        var last = records.Where(r => !r.DryRun).DistinctBy(r => r.ConnectionId).ToDictionary(r => r.ConnectionId);
        return new(
            entries, records, [.. connections.Where(c => entries.All(e => e.ConnectionId != c.Id)).Select(c => new FoundAbsence(c.Id, c.Title, last.GetValueOrDefault(c.Id)))], isAll, isMoving);
    }

    private List<LedgerEntry> EntriesOn(long list, string email, string userId)
        => store.Read(connection =>
        {
            using var ledger = new LedgerReader(connection, list, ownConnection: 0);
            var (byEmail, byUser) = (hash.Email(email), hash.User(userId));
            ledger.ExpectHolders([KeyedHash.Short(byEmail), KeyedHash.Short(byUser)]);
            List<LedgerEntry> found = [];
            ledger.Holders(byEmail, found);
            ledger.Holders(byUser, found);
            return found.Where(e => e.Identity.Email == email || e.Identity.UserId == userId).DistinctBy(e => (e.Connection, e.KeyHash, e.Slot)).ToList();
        });

    private async Task<(List<FoundRecord> Records, bool IsAll)> RecordsAsync(List<Place> connections, string who, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        List<FoundRecord> records = [];
        foreach (var place in connections)
        {
            var kept = db.Syncs.AsNoTracking().Where(s => s.ConnectionNo == place.No && !s.RecordsPurged).OrderByDescending(s => s.No);
            var syncs = await kept.Take(SyncsLookedThrough).ToListAsync(cancel);
            // Somebody who failed once is seldom named again: the last ones with failures, too.
            syncs.AddRange(await kept.Where(s => s.FailedRecords > 0).Take(SyncsLookedThrough).ToListAsync(cancel));
            foreach (var sync in syncs.DistinctBy(s => s.No))
            {
                foreach (var (view, _) in new RecordPages(store, sync, masked: false).Read(new(null, null, null, RecordSearch.Person(who)), default).Take(RecordsOfSync))
                {
                    records.Add(new(place.Id, place.Title, sync.Id, sync.StartedAt, sync.DryRun, view));
                }

                cancel.ThrowIfCancellationRequested();
                if (Stopwatch.GetElapsedTime(began) > Patience)
                {
                    return ([.. records.OrderByDescending(r => r.StartedAt)], false);
                }
            }
        }

        return ([.. records.OrderByDescending(r => r.StartedAt)], true);
    }

    private static string StateWord(EntryState state) => state switch
    {
        EntryState.Member => "member",
        EntryState.Maybe => "maybe",
        _ => "leaving",
    };

    private sealed record Place(long No, string Id, long ListNo, string Title);
}

/// <param name="Entries">Of the ledger.</param>
/// <param name="Records">What the last syncs did, newest first.</param>
/// <param name="Absences">Connections that have no entry of the person.</param>
/// <param name="IsAll">There was time to look through all of the last syncs.</param>
/// <param name="IsMoving">A sync runs: whom it has put on a list since its start is found when it has ended.</param>
internal sealed record FoundPerson(IReadOnlyList<FoundEntry> Entries, IReadOnlyList<FoundRecord> Records, IReadOnlyList<FoundAbsence> Absences, bool IsAll, bool IsMoving);

/// <param name="ConnectionId">Whose entry it is.</param>
/// <param name="List">Name of its list.</param>
/// <param name="Key">Key of the row; null where the record had none.</param>
/// <param name="Identifiers">As the ledger has them.</param>
/// <param name="State"><c>member</c>, <c>maybe</c> or <c>leaving</c>.</param>
internal sealed record FoundEntry(string ConnectionId, string List, string? Key, IReadOnlyDictionary<string, string> Identifiers, string State);

/// <summary>A connection that doesn't hold the person.</summary>
/// <param name="ConnectionId">Which.</param>
/// <param name="List">Name of its list.</param>
/// <param name="Last">What was last done with a row that names the person, as far as was looked through; null when none does.</param>
internal sealed record FoundAbsence(string ConnectionId, string List, FoundRecord? Last);

/// <summary>A record of a sync that names the person.</summary>
internal sealed record FoundRecord(string ConnectionId, string List, string SyncId, DateTimeOffset StartedAt, bool DryRun, RecordView Record);
