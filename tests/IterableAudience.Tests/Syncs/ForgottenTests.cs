using System.Net;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>
/// The server crashes right after it has taken a write and before that has reached the disk, and is back when the service asks next: the service has not
/// noticed, and what it goes on with is gone.
/// </summary>
public sealed class ForgottenTests(ForgetfulServer server) : IClassFixture<ForgetfulServer>, IAsyncDisposable
{
    private readonly WatchedStore.Watch _watch = new();
    private SyncHost _sync = null!;
    private bool _crashed;

    [Theory]
    [StoreData("SELECT count(*) FROM verdict WHERE sync = @s", Only = StoreKind.PostgreSql)]
    [StoreData("SELECT count(*) FROM plan_part WHERE sync = @s", Only = StoreKind.PostgreSql)]
    [StoreData("SELECT count(*) FROM batch WHERE sync = @s", Only = StoreKind.PostgreSql)]
    [StoreData("SELECT count(*) FROM started WHERE sync = @s", Only = StoreKind.PostgreSql)]
    [StoreData("SELECT count(*) FROM result WHERE sync = @s", Only = StoreKind.PostgreSql)]
    [StoreData("SELECT count(*) FROM sync WHERE \"No\" = @s AND \"Phase\" = 4", Only = StoreKind.PostgreSql)]
    [StoreData("SELECT count(*) FROM holder_run WHERE connection = (SELECT \"ConnectionNo\" FROM sync WHERE \"No\" = @s)", Only = StoreKind.PostgreSql)]
    public async Task A_sync_ends_as_if_nothing_had_happened(StoreKind store, string until)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync();
        var sibling = await audience.SiblingAsync();

        CrashAfter(until);
        var ended = await audience.PushAsync(Row.People(3));

        Assert.True(_crashed);
        Assert.Equal(("completed", "subscribed 3", ""), (ended.Outcome, ended.Outcomes, ended.Error));
        Assert.Equal(3, await audience.LedgerAsync());
        Assert.Equal(3, audience.Project.Members(audience.List).Count);
        // Who is held is known, too.
        Assert.Equal("retained 1", (await sibling.PushAsync(Row.Delete(1, "p1@example.com", "p1"))).Outcomes);
        Assert.Equal("unsubscribed 3", (await audience.PushAsync(Row.Leavers(3))).Outcomes);
        Assert.Equal("", audience.Members);
    }

    [Theory]
    [StoreData("SELECT count(*) FROM result WHERE sync = @s", Only = StoreKind.PostgreSql)]
    [StoreData("SELECT count(*) FROM sync WHERE \"No\" = @s AND \"Phase\" = 4", Only = StoreKind.PostgreSql)]
    public async Task Nobody_is_a_member_who_was_taken_off(StoreKind store, string until)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync();
        var sibling = await audience.SiblingAsync();
        await audience.PushAsync(Row.People(3));
        await sibling.PushAsync(Row.Insert("x", "p3@example.com", "p3"));

        CrashAfter(until); // a result without a request comes first: of the one whom the sibling holds
        var ended = await audience.PushAsync(Row.Leavers(3));

        Assert.True(_crashed);
        Assert.Equal(("completed", "unsubscribed 2, retained 1"), (ended.Outcome, ended.Outcomes));
        Assert.Equal(("p3@example.com/p3", 0), (audience.Members, await audience.LedgerAsync()));
        Assert.Equal("subscribed 3", (await audience.FullAsync(Row.People(3))).Outcomes); // and not: unchanged
    }

    [Theory]
    [StoreData(Only = StoreKind.PostgreSql)]
    public async Task A_full_push_whose_records_were_lost_is_refused_and_takes_nobody_off(StoreKind store)
    {
        await StartAsync(store);
        var audience = await _sync.AudienceAsync();
        await audience.PushAsync(Row.People(3));

        CrashAfter("SELECT count(*) FROM chunk WHERE sync = @s"); // of more records than are held at once, all but the last are written without waiting for the disk
        (await audience.SendAsync(Audience.Body(Row.People(40_000)), "syncType=full&wait=60")).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "has crashed and lost");

        Assert.True(_crashed);
        var id = (string)(await audience.Host.GetAsync($"{audience.Url}/syncs", "viewer")).Json["syncs"]![0]!["id"]!;
        Assert.Equal("aborted", (await audience.EndOfAsync(id)).Outcome);
        Assert.Equal("subscribe 3", audience.Sent);
        Assert.Equal("unchanged 3", (await audience.FullAsync(Row.People(3))).Outcomes);
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    private async Task StartAsync(StoreKind store)
    {
        _sync = new SyncHost(store);
        _sync.Host.Settings["ConnectionStrings:Store"] = server.NewStore();
        _watch.Begin(_sync);
        await _sync.InitializeAsync();
    }

    /// <summary>Crashes the server right after the first write of a sync that makes this count more than it was before.</summary>
    private void CrashAfter(string count)
    {
        var lean = _sync.Host.Provider.GetRequiredService<LeanStore>();
        server.Begin();
        _watch.Around = async (sync, _, write) =>
        {
            if (sync == 0 || _crashed)
            {
                await write();
                return;
            }

            var before = lean.Read(c => c.Count(count, ("@s", sync)));
            await write();
            if (lean.Read(c => c.Count(count, ("@s", sync))) <= before || Interlocked.Exchange(ref _crashed, true))
                return; // at the close two writes may run at the same time, and both see it
            server.Crash();
            _sync.Host.Provider.GetRequiredService<NpgsqlDataSource>().Clear(); // nobody is told by a broken connection
        };
    }
}
