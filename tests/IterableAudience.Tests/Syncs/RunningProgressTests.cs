using System.Text;
using IterableAudience.Simulator.Faults;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What a running sync says of its end and of what it waits for, at a budget of one request a second.</summary>
public sealed class RunningProgressTests : IAsyncDisposable
{
    private SyncHost _sync = null!;
    private Audience _audience = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [StoreData]
    public async Task While_its_body_comes_in_a_sync_says_how_long_it_takes_to_send_what_is_staged(StoreKind store)
    {
        await BeginAsync(store);
        var lines = string.Concat(Row.People(1500).Concat(Enumerable.Range(5000, 600).Select(n => Row.Delete(n, $"p{n}@example.com", $"p{n}"))).Select(r => r + "\n"));
        using var content = new OpenBody(Encoding.UTF8.GetBytes(lines), Audience.Ndjson);
        var pushing = _audience.SendAsync(content);
        var running = await UntilAsync(async () => await FirstAsync(), p => p.Staged == 2048); // they are taken by the 1024
        Assert.Equal((3, "source"), (running.Eta, running.LimitedBy)); // two full batches that subscribe, one that unsubscribes
        _sync.Gate.Close();
        content.End();
        var id = (await pushing).Text("syncId");
        await _sync.Gate.ArrivedAsync(Cancel);
        Assert.Equal((3, "iterable"), ((await ProgressAsync(_audience, id)).Eta, (await ProgressAsync(_audience, id)).LimitedBy));
        _sync.Gate.Open();
        await _audience.EndOfAsync(id);
        Assert.Equal((0, "nothing"), ((await ProgressAsync(_audience, id)).Eta, (await ProgressAsync(_audience, id)).LimitedBy));
    }

    [Theory]
    [StoreData]
    public async Task A_sync_that_waits_for_its_list_counts_what_the_other_one_has_to_send(StoreKind store)
    {
        await BeginAsync(store);
        var sibling = await _audience.SiblingAsync();
        _sync.Gate.Close();
        var first = await _audience.StartAsync(Row.People(2500));
        await _sync.Gate.ArrivedAsync(Cancel);
        var second = await sibling.StartAsync(Row.People(1));
        var waiting = await ProgressAsync(sibling, second);
        Assert.Equal((4, "store"), (waiting.Eta, waiting.LimitedBy));
        Assert.Equal(3, (await ProgressAsync(_audience, first)).Eta); // nobody is before it
    }

    [Theory]
    [StoreData]
    public async Task Syncs_of_one_project_share_its_rate(StoreKind store)
    {
        await BeginAsync(store);
        var other = await _sync.ConnectAsync(_audience.Project, _audience.Account, _audience.Destination, _audience.Project.AddList("Other").Id);
        _sync.Gate.Close();
        var large = await _audience.StartAsync(Row.People(3500));
        await _sync.Gate.ArrivedAsync(Cancel);
        var small = await other.StartAsync(Row.People(1));
        await _sync.Gate.ArrivedAsync(Cancel);
        Assert.Equal((5, 2), ((await ProgressAsync(_audience, large)).Eta, (await ProgressAsync(other, small)).Eta)); // one request of each, then the rest of the large one
    }

    [Theory]
    [StoreData]
    public async Task A_pause_after_a_429_and_the_rate_after_it_count(StoreKind store)
    {
        await BeginAsync(store);
        _audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 429, RetryAfterSeconds = 100, Times = 1 });
        var id = await _audience.StartAsync(Row.People(2500));
        var paused = await UntilAsync(() => ProgressAsync(_audience, id), p => p.Eta > 3);
        Assert.InRange(paused.Eta!.Value, 90, 100 + 4); // 3 requests at 0.85 a second
        Assert.Equal("iterable", paused.LimitedBy);
    }

    [Theory]
    [StoreData]
    public async Task A_sync_whose_answers_cannot_be_recorded_waits_for_the_store(StoreKind store)
    {
        await BeginAsync(store);
        _sync.Gate.Close();
        var id = await _audience.StartAsync(Row.People(1));
        await _sync.Gate.ArrivedAsync(Cancel);
        await ProgressAsync(_audience, id); // makes the token that the next ones come with
        using var release = new ManualResetEventSlim();
        var held = _sync.Host.Provider.GetRequiredService<LeanStore>().WriteAsync(
            write =>
            {
                if (store == StoreKind.PostgreSql)
                    write.Run("LOCK TABLE result IN EXCLUSIVE MODE"); // it has more than one writer
                release.Wait(Cancel);
            },
            durable: false,
            Cancel);
        try
        {
            _sync.Gate.Open();
            await UntilAsync(() => ProgressAsync(_audience, id), p => p.LimitedBy == "store");
        }
        finally
        {
            release.Set();
        }

        await held;
        await _audience.EndOfAsync(id);
    }

    [Theory]
    [StoreData]
    public async Task A_sync_whose_answers_the_store_refuses_waits_for_the_store_though_it_has_waited_longer_for_Iterable(StoreKind store)
    {
        await BeginAsync(store);
        _sync.Gate.Close();
        var id = await _audience.StartAsync(Row.People(2500));
        await _sync.Gate.ArrivedAsync(Cancel);
        Assert.Equal("iterable", (await ProgressAsync(_audience, id)).LimitedBy);
        await ExecuteAsync(_sync.Host.Store.Break("result"));
        _sync.Gate.Open();
        await Faults.Until.AsyncIs("it waits for the store", () => ProgressAsync(_audience, id), p => p.LimitedBy == "store");

        await ExecuteAsync(_sync.Host.Store.Mend("result"));
        Assert.Equal("completed", (await _audience.EndOfAsync(id)).Outcome);
    }

    [Theory]
    [StoreData]
    public async Task A_dry_run_sends_nothing_and_says_so(StoreKind store)
    {
        await BeginAsync(store);
        var dry = await _audience.PushAsync("dryRun=true", Row.People(2));
        Assert.Equal((0, "nothing"), ((long?)dry.Json["report"]!["progress"]!["etaSeconds"], (string)dry.Json["report"]!["progress"]!["limitedBy"]!));
    }

    public ValueTask DisposeAsync() => _sync.DisposeAsync();

    private Task<int> ExecuteAsync(string sql)
        => _sync.Host.Provider.GetRequiredService<LeanStore>().WriteAsync(write => write.Run(sql), durable: false, Cancel);

    private async Task BeginAsync(StoreKind store)
    {
        _sync = new(store) { Host = { Settings = { ["Iterable:RequestsPerSecond"] = "1" } } };
        await _sync.InitializeAsync();
        _audience = await _sync.AudienceAsync();
    }

    private static async Task<Progress> ProgressAsync(Audience audience, string sync) => Read((await audience.GetAsync(sync)).Json);

    private async Task<Progress> FirstAsync()
        => (await _sync.Host.GetAsync($"{_audience.Url}/syncs?status=running")).Json["syncs"]!.AsArray().FirstOrDefault() is { } sync ? Read(sync) : new(0, null, "");

    private static Progress Read(System.Text.Json.Nodes.JsonNode sync)
        => new((long)sync["report"]!["progress"]!["staged"]!, (long?)sync["report"]!["progress"]!["etaSeconds"], (string)sync["report"]!["progress"]!["limitedBy"]!);

    private static async Task<Progress> UntilAsync(Func<Task<Progress>> ask, Func<Progress, bool> enough)
    {
        while (true)
        {
            var progress = await ask();
            if (enough(progress))
                return progress;
            await Task.Delay(50, Cancel);
        }
    }

    private sealed record Progress(long Staged, long? Eta, string LimitedBy);
}
