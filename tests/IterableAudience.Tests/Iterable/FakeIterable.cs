using System.Text.Json;
using IterableAudience.Iterable;
using IterableAudience.Records;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using WireMock;
using WireMock.Logging;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using WireMock.Types;
using WireMock.Util;

namespace IterableAudience.Tests.Iterable;

/// <summary>What the fake says to one request.</summary>
internal sealed record Reply(int Status, string Body, string ContentType = "application/json", string? RetryAfter = null)
{
    public static Reply Counts(long success, long fail, string more = "") => new(200, $$"""{"successCount":{{success}},"failCount":{{fail}}{{more}}}""");

    public static Reply Error(int status, string code, string message = "", string parameters = "null")
        => new(status, $$"""{"msg":{{JsonSerializer.Serialize(message)}},"code":"{{code}}","params":{{parameters}}}""");
}

/// <summary>A request to the fake, taken apart.</summary>
internal sealed record Sent(OperationKind Kind, string Json, IReadOnlyList<Identity> Subscribers, string? ApiKey);

/// <summary>
/// An Iterable that says what a test tells it to, behind the service's real client with its whole pipeline. A request that no test expected
/// is remembered, and <see cref="Dispose"/> fails.
/// </summary>
internal sealed class FakeIterable : IDisposable
{
    public const string Key = "key-that-nobody-may-see";

    private readonly WireMockServer server = WireMockServer.Start();
    private readonly ServiceProvider provider;

    public FakeIterable(TimeProvider? time = null, params (string Setting, string Value)[] settings)
    {
        var values = new Dictionary<string, string?>
        {
            ["Iterable:BaseUrls:US"] = server.Url!,
            ["Iterable:BaseUrls:EU"] = server.Url! + "/eu",
            ["Iterable:RequestsPerSecond"] = "100000",
            ["Iterable:BackoffBase"] = "00:00:00.001",
        };
        foreach (var (setting, value) in settings)
        {
            values["Iterable:" + setting] = value;
        }

        var services = new ServiceCollection().AddLogging().AddSingleton<IHostApplicationLifetime>(Life);
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        services.AddIterable(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
    }

    /// <summary>The life of the service that the client is in.</summary>
    public ApplicationLifetime Life { get; } = new(NullLogger<ApplicationLifetime>.Instance);

    public List<RequestLogEntry> Log { get; } = [];

    public List<Sent> Requests { get; } = [];

    public BatchSender Sender => provider.GetRequiredService<BatchSender>();

    public IterableClient Client => provider.GetRequiredService<IterableClient>();

    /// <summary>The names of all headers that came.</summary>
    public IEnumerable<string> Headers => server.LogEntries.SelectMany(e => e.RequestMessage?.Headers?.Keys ?? []);

    public IEnumerable<LogEntry> Unexpected => server.LogEntries.OfType<LogEntry>().Where(e => e.ResponseMessage?.StatusCode is 404 && e.MappingGuid is null);

    public static IterableProject Project(ProjectType type = ProjectType.Hybrid, DataCenter dataCenter = DataCenter.US, string key = Key)
        => new("project-hash", dataCenter, type, key, null, null);

    /// <summary>Answers subscribe and unsubscribe by a rule.</summary>
    public void Answer(Func<Sent, Reply> rule) => AnswerLater(sent => Task.FromResult(rule(sent)));

    /// <summary>Answers subscribe and unsubscribe by a rule that may take its time.</summary>
    public void AnswerLater(Func<Sent, Task<Reply>> rule)
    {
        foreach (var kind in Enum.GetValues<OperationKind>())
        {
            server.Given(Request.Create().UsingPost().WithPath($"/api/lists/{kind.ToString().ToLowerInvariant()}"))
                .RespondWith(Response.Create().WithCallback(async message =>
                {
                    var sent = Take(kind, message);
                    lock (Requests)
                    {
                        Requests.Add(sent);
                    }

                    return Message(await rule(sent));
                }));
        }
    }

    /// <summary>Answers the first requests one after the other, all further ones as the last.</summary>
    public void Answer(params Reply[] replies)
    {
        var next = -1;
        Answer(_ => replies[Math.Min(Interlocked.Increment(ref next), replies.Length - 1)]);
    }

    /// <summary>Answers an endpoint that is no batch.</summary>
    public void Answer(string method, string path, Reply reply)
        => server.Given(Request.Create().UsingMethod(method).WithPath(path)).RespondWith(Response.Create().WithCallback(_ => Message(reply)));

    public BatchRequest Batch(params Identity[] subscribers) => new(
        Project(), "sync", 42, OperationKind.Subscribe, subscribers, false, null, new IsolationBudget(64), Log.Add);

    public Task<BatchResult> SendAsync(BatchRequest batch, CancellationToken stop = default) => Sender.SendAsync(batch, stop);

    public static Identity[] People(int count) => [.. Enumerable.Range(1, count).Select(Person)];

    public static Identity Person(int number) => new($"p{number}@example.com", $"user-{number}");

    public void Dispose()
    {
        var unexpected = Unexpected.Select(e => e.RequestMessage?.Path).ToList();
        provider.Dispose();
        server.Stop();
        server.Dispose();
        Xunit.Assert.Empty(unexpected);
    }

    private static Sent Take(OperationKind kind, IRequestMessage message)
    {
        using var body = JsonDocument.Parse(message.Body!);
        var subscribers = body.RootElement.GetProperty("subscribers").EnumerateArray()
            .Select(s => new Identity(Text(s, "email"), Text(s, "userId"))).ToList();
        return new Sent(kind, message.Body!, subscribers, message.Headers!["Api-Key"].Single());
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static ResponseMessage Message(Reply reply)
    {
        var headers = new Dictionary<string, WireMockList<string>> { ["Content-Type"] = new(reply.ContentType) };
        if (reply.RetryAfter is not null)
        {
            headers["Retry-After"] = new(reply.RetryAfter);
        }

        return new ResponseMessage
        {
            StatusCode = reply.Status,
            Headers = headers,
            BodyData = new BodyData { DetectedBodyType = BodyType.String, BodyAsString = reply.Body },
        };
    }
}
