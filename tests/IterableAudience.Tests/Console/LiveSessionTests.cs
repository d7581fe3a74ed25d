using System.Collections.Concurrent;
using System.Net;
using System.Net.ServerSentEvents;
using IterableAudience.Store;
using IterableAudience.Syncs;
using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Syncs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Whoever follows a running sync sees it as long as the session holds.</summary>
public sealed class LiveSessionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_ends_with_the_token_of_its_session_and_others_follow_the_sync_to_its_end()
    {
        await using var sync = new SyncHost();
        var (time, services) = (new FakeTimeProvider(), sync.Host.Services!);
        sync.Host.Services = s =>
        {
            services(s);
            s.AddSingleton(p => new SyncFeed(p.GetRequiredService<Func<StoreContext>>(), p.GetRequiredService<SyncMonitor>(), time));
        };
        await sync.InitializeAsync();
        var audience = await sync.AudienceAsync();
        var made = await sync.Host.PostAsync("/v2/tokens", """{"name":"Ada","role":"viewer"}""");
        using var revoked = new ConsoleClient(sync.Host);
        (await revoked.SignInAsync(made.Text("token"))).ShouldLeadTo("/");
        using var other = await ConsoleClient.SignInAsync(sync.Host);
        sync.Gate.Close();
        var id = await audience.StartAsync(Row.Insert("1", "ada@example.com", "u-1"));
        await sync.Gate.ArrivedAsync(Cancel);
        var live = $"/connections/{audience.Connection}/syncs/{id}/live";
        var (seen, seenByOther) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        var (following, otherFollowing) = (FollowAsync(revoked, live, seen), FollowAsync(other, live, seenByOther));
        await Until.Is("both see the sync", () => !seen.IsEmpty && !seenByOther.IsEmpty);

        (await sync.Host.DeleteAsync($"/v2/tokens/{made.Text("id")}")).ShouldBe(HttpStatusCode.NoContent);
        var before = seenByOther.Count;
        await Until.Is("the stream has ended", () => Passes(following.IsCompleted));
        await following; // as an answer ends, not as a broken line
        await Until.Is("the other one goes on", () => Passes(seenByOther.Count > before + 10));
        sync.Gate.Open();
        await otherFollowing;

        Assert.All(seen, e => Assert.Equal("progress", e));
        Assert.InRange(seen.Count, 1, 10); // some seconds
        Assert.Equal("finished", seenByOther.Last());

        bool Passes(bool done)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return done;
        }
    }

    /// <summary>Notes the kinds of events as they come, to the end of the stream.</summary>
    private static async Task FollowAsync(ConsoleClient client, string path, ConcurrentQueue<string> seen)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = client.Cookies }) { BaseAddress = client.Address };
        await using var stream = await http.GetStreamAsync(path, Cancel);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Cancel))
            seen.Enqueue(item.EventType);
    }
}
