using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace IterableAudience.Tests.Console;

/// <summary>All that a browser complains about in the pages of one context, a line each, but what a test has announced.</summary>
internal sealed class Complaints
{
    /// <summary>The console tells of a refusal, too, but not of the element.</summary>
    private const string Watch = """
        document.addEventListener('securitypolicyviolation', refused => {
            const element = refused.target instanceof Element ? refused.target.outerHTML.slice(0, 200) : 'the document';
            reportRefusal(`${refused.effectiveDirective} refused ${refused.blockedURI} in ${refused.documentURI} (${element}) ${refused.sample}`);
        });
        """;

    private const string NotLoaded = "Failed to load resource:";

    private static readonly string[] Files = ["stylesheet", "script", "font", "image"];

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentDictionary<(int Status, string Path), bool> _announced = new();

    private Complaints()
    {
    }

    /// <summary>What was complained about so far, and what was announced and has not come.</summary>
    public IReadOnlyList<string> All => [.. _lines, .. _announced.Where(a => !a.Value).Select(a => $"no answer {a.Key.Status} of {a.Key.Path}, which was announced")];

    public static async Task<Complaints> OfAsync(IBrowserContext context)
    {
        var complaints = new Complaints();
        context.Console += (_, message) => complaints.OnConsole(message);
        context.WebError += (_, error) => complaints._lines.Enqueue($"script: {error.Error}");
        context.Response += (_, response) => complaints.OnResponse(response);
        context.RequestFailed += (_, request) => complaints.OnFailed(request);
        await context.ExposeBindingAsync("reportRefusal", (BindingSource _, string refusal) => complaints._lines.Enqueue($"policy: {refusal}"));
        await context.AddInitScriptAsync(Watch);
        return complaints;
    }

    public void Announce(int status, string path) => _announced.TryAdd((status, path), false);

    private void OnConsole(IConsoleMessage message)
    {
        if (message.Type is "error" or "warning" && !IsIcon(message) && !IsAnnounced(message))
        {
            _lines.Enqueue($"console {message.Type}: {message.Text} ({message.Location})");
        }
    }

    /// <summary>The browser asks for it by itself, some time after a page that names none: whether a test would see that is chance.</summary>
    private static bool IsIcon(IConsoleMessage message) => message.Text.StartsWith(NotLoaded, StringComparison.Ordinal) && PathOf(message) == "/favicon.ico";

    /// <summary>The browser's own line of an answer that <see cref="OnResponse"/> sees as well.</summary>
    private bool IsAnnounced(IConsoleMessage message)
        => _announced.Keys.Any(a => message.Text.StartsWith($"{NotLoaded} the server responded with a status of {a.Status} ", StringComparison.Ordinal) && PathOf(message) == a.Path);

    /// <summary>Its location is an address, a colon, a line, a colon and a column.</summary>
    private static string? PathOf(IConsoleMessage message) => Uri.TryCreate(message.Location, UriKind.Absolute, out var place) ? place.AbsolutePath.Split(':')[0] : null;

    private void OnResponse(IResponse response)
    {
        var answer = (response.Status, new Uri(response.Url).AbsolutePath);
        if (_announced.ContainsKey(answer))
        {
            _announced[answer] = true;
        }
        else if (response.Status >= 400)
        {
            _lines.Enqueue($"answer: {response.Status} of {response.Request.Method} {response.Url}");
        }
        else if (response.Status == 200 && Files.Contains(response.Request.ResourceType) && response.Headers.GetValueOrDefault("content-length") == "0")
        {
            // What MapStaticAssets answers when it knows a file and doesn't find it.
            _lines.Enqueue($"answer: an empty {response.Request.ResourceType} {response.Url}");
        }
    }

    private void OnFailed(IRequest request)
    {
        // Only the browser itself aborts: a page that is left takes its requests and streams along, and a download is no page.
        if (request.Failure != "net::ERR_ABORTED")
        {
            _lines.Enqueue($"request: {request.Failure} for {request.Method} {request.Url}");
        }
    }
}
