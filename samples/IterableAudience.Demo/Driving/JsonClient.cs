using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace IterableAudience.Demo.Driving;

/// <summary>Sends and gets JSON; an answer that isn't a success becomes a <see cref="DemoException"/> with what the server said.</summary>
internal sealed class JsonClient : IDisposable
{
    private readonly HttpClient http;

    public JsonClient(Uri address, string? token = null)
    {
        http = new() { BaseAddress = address, Timeout = TimeSpan.FromMinutes(30) };
        if (token is not null)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public Task<JsonNode> GetAsync(string path, CancellationToken cancellation) => SendAsync(new(HttpMethod.Get, path), cancellation);

    public Task<JsonNode> PostAsync(string path, JsonNode body, CancellationToken cancellation)
        => SendAsync(new(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") }, cancellation);

    /// <summary>Streams a file of NDJSON; it is never in memory as a whole.</summary>
    public async Task<JsonNode> PostNdjsonAsync(string path, string file, CancellationToken cancellation)
    {
        var content = new StreamContent(File.OpenRead(file), 1 << 16) { Headers = { ContentType = new("application/x-ndjson") } };
        return await SendAsync(new(HttpMethod.Post, path) { Content = content }, cancellation);
    }

    /// <summary>For answers that are too long to be held as text.</summary>
    public Task<Stream> GetStreamAsync(string path, CancellationToken cancellation) => http.GetStreamAsync(path, cancellation);

    public void Dispose() => http.Dispose();

    private async Task<JsonNode> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using (request)
        {
            using var answer = await http.SendAsync(request, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            return !answer.IsSuccessStatusCode ? throw Refused(request.Method, request.RequestUri!.ToString(), answer, text)
                : text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
        }
    }

    private static DemoException Refused(HttpMethod method, string path, HttpResponseMessage answer, string text)
        => new($"{method} {path} was answered with {(int)answer.StatusCode}: {text}");
}
