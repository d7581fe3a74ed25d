using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using WireMock;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using WireMock.Types;
using WireMock.Util;

namespace IterableAudience.Tests.Accounts;

/// <summary>Iterable's lists, as far as the control surface asks for them: one key, some lists, an empty subscribe. Anything else is 404.</summary>
internal sealed class ListServer : IDisposable
{
    public const string Key = "right-key-of-the-project";
    private readonly WireMockServer _server = WireMockServer.Start();
    private readonly List<JsonObject> _lists = [List(1, "Static", "Standard"), List(2, "Dynamic", "Dynamic")];
    private readonly Lock _gate = new();

    public ListServer()
    {
        On("/api/lists", "GET", _ => (200, new JsonObject { ["lists"] = new JsonArray([.. _lists.Select(l => l.DeepClone())]) }));
        On("/api/lists", "POST", body =>
        {
            if (Broken)
                return (500, []);
            _lists.Add(List(Next, body!["name"]!.GetValue<string>(), "Standard"));
            return (200, new JsonObject { ["listId"] = Next++ });
        });
        On("/api/lists/subscribe", "POST", body => body!["listId"]!.GetValue<long>() == 1
            ? (200, new JsonObject { ["successCount"] = 0, ["failCount"] = 0 })
            : (400, new JsonObject { ["msg"] = "list id is invalid", ["code"] = "BadParams" }));
    }

    public string Url => _server.Url!;

    /// <summary>Making a list fails.</summary>
    public bool Broken { get; set; }

    public long Next { get; private set; } = 100;

    public int Count(string name) => _lists.Count(l => l["name"]!.GetValue<string>() == name);

    /// <summary>A host whose Iterable, in both data centers, is this server.</summary>
    public TestHost Host(StoreKind store = StoreKind.Sqlite, Action<TestHost>? change = null)
    {
        var host = new TestHost(store) { Settings = { ["Iterable:BaseUrls:US"] = Url, ["Iterable:BaseUrls:EU"] = Url, ["Iterable:BackoffBase"] = "00:00:00.001", ["Iterable:RequestsPerSecond"] = "1000" } };
        change?.Invoke(host);
        return host;
    }

    public void Dispose() => _server.Dispose();

    private static JsonObject List(long id, string name, string type)
        => new() { ["id"] = id, ["name"] = name, ["description"] = "for a test", ["createdAt"] = 1_767_225_600_000, ["listType"] = type };

    private void On(string path, string method, Func<JsonNode?, (int Status, JsonObject Body)> answer)
        => _server.Given(Request.Create().WithPath(path).UsingMethod(method)).RespondWith(Response.Create().WithCallback(request =>
        {
            lock (_gate)
            {
                var (status, body) = request.Headers!["Api-Key"].Single() == Key
                    ? answer(request.Body is { Length: > 0 } text ? JsonNode.Parse(text) : null)
                    : (401, new JsonObject { ["msg"] = "Invalid API key", ["code"] = "BadApiKey" });
                return new ResponseMessage
                {
                    StatusCode = status,
                    Headers = new Dictionary<string, WireMockList<string>> { ["Content-Type"] = new("application/json") },
                    BodyData = new BodyData { DetectedBodyType = BodyType.String, BodyAsString = body.ToJsonString() },
                };
            }
        }));
}
