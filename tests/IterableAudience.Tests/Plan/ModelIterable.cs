using System.Net;
using System.Text;
using System.Text.Json;
using IterableAudience.Iterable;
using IterableAudience.Records;

namespace IterableAudience.Tests.Plan;

/// <summary>What goes wrong with one request.</summary>
internal enum Fault
{
    None,

    /// <summary>503, and nothing was done.</summary>
    Down,

    /// <summary>Done, and the connection breaks before the answer.</summary>
    AnswerLost,

    /// <summary>Done, and something that isn't Iterable's answers 200.</summary>
    Unreadable,

    /// <summary>Done, and the answer counts one failure too many without naming anybody.</summary>
    Miscounted,

    /// <summary>401: the whole sync ends.</summary>
    KeyRefused,

    /// <summary>Done and answered; meanwhile somebody stops the sync.</summary>
    Stopped,
}

/// <summary>One request as it arrived, and what was done about it.</summary>
internal sealed record ModelRequest(OperationKind Kind, IReadOnlyList<Identity> People, Fault Fault)
{
    public bool IsApplied => Fault is not (Fault.Down or Fault.KeyRefused);
}

/// <summary>Iterable behind the service's own client pipeline: it knows lists by id and answers as the facts say, or fails as a list's faults say.</summary>
internal sealed class ModelIterable : HttpMessageHandler
{
    private readonly Dictionary<long, ModelList> _lists = [];
    private readonly Lock _gate = new();
    private long _nextList = 1000;

    /// <summary>Stops the sync that runs, for <see cref="Fault.Stopped"/>.</summary>
    public Func<Task>? Stop { get; set; }

    public (long Id, ModelList List) Add(bool namesBlocker = false)
    {
        lock (_gate)
        {
            var list = new ModelList { NamesBlocker = namesBlocker };
            _lists.Clear(); // those of earlier runs are not asked for any more
            _lists[++_nextList] = list;
            return (_nextList, list);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        if (path == "/api/lists" && request.Method == HttpMethod.Get)
        {
            lock (_gate)
            {
                return Json(200, $$"""{"lists":[{{string.Join(',', _lists.Keys.Select(id => $$"""{"id":{{id}},"name":"list {{id}}","createdAt":0,"listType":"Standard"}"""))}}]}""");
            }
        }

        var kind = path switch
        {
            "/api/lists/subscribe" => OperationKind.Subscribe,
            "/api/lists/unsubscribe" => OperationKind.Unsubscribe,
            _ => throw new InvalidOperationException($"Nobody expected a request to {path}."),
        };
        using var body = JsonDocument.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
        var people = body.RootElement.GetProperty("subscribers").EnumerateArray().Select(s => new Identity(Text(s, "email"), Text(s, "userId"))).ToList();
        var list = _lists[body.RootElement.GetProperty("listId").GetInt64()];
        HttpResponseMessage answer;
        lock (_gate)
        {
            answer = Answer(list, kind, people);
        }

        if (list.Requests[^1].Fault == Fault.Stopped)
        {
            await Stop!();
        }

        return answer;
    }

    private static HttpResponseMessage Answer(ModelList list, OperationKind kind, List<Identity> people)
    {
        var fault = list.NextFault();
        list.Requests.Add(new(kind, people, fault));
        if (kind == OperationKind.Subscribe && fault is not (Fault.None or Fault.KeyRefused or Fault.Stopped))
        {
            list.Doubtful.UnionWith(people.SelectMany(p => new[] { p.Email, p.UserId }).OfType<string>());
        }

        if (fault == Fault.KeyRefused)
        {
            return Json(401, """{"msg":"Invalid API key","code":"BadApiKey","params":null}""");
        }

        if (fault == Fault.Down)
        {
            return Json(503, "Request timeout. Try again later.");
        }

        var failures = people.ConvertAll(p => (Person: p, Failure: list.Apply(kind, p)));
        switch (fault)
        {
            case Fault.AnswerLost:
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection broke.");
            case Fault.Unreadable:
                return Json(200, "<html>Welcome</html>");
            default:
                if (fault != Fault.Miscounted && kind == OperationKind.Subscribe)
                {
                    list.Accepted.UnionWith(failures.Where(f => f.Failure is null).Select(f => f.Person));
                }

                return Json(200, Body(failures, fault == Fault.Miscounted ? 1 : 0));
        }
    }

    private static string Body(List<(Identity Person, ModelFailure? Failure)> failures, int tooMany)
    {
        var named = failures.Select(f => f.Failure).OfType<ModelFailure>().GroupBy(f => f.List).ToDictionary(g => g.Key, g => g.Select(f => f.Identifier).Distinct().ToList());
        var failed = failures.Count(f => f.Failure is not null) + tooMany;
        return JsonSerializer.Serialize(new { successCount = Math.Max(0, failures.Count - failed), failCount = failed, failedUpdates = named });
    }

    private static HttpResponseMessage Json(int status, string body)
        => new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
