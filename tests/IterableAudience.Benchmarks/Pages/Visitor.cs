using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using IterableAudience.Demo.Driving;

namespace IterableAudience.Benchmarks.Pages;

/// <summary>Somebody with a session in the console, who takes the time that pages need.</summary>
internal sealed partial class Visitor : IDisposable
{
    private readonly HttpClient http;

    private Visitor(Uri address)
        => http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new() }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(1) };

    /// <summary>Fills in the form of the sign-in page.</summary>
    public static async Task<Visitor> SignInAsync(Uri address, string token, CancellationToken cancellation)
    {
        var visitor = new Visitor(address);
        var form = Found(FormToken(), await visitor.http.GetStringAsync("/sign-in", cancellation), "the token of the form on /sign-in");
        using var content = new FormUrlEncodedContent(new Dictionary<string, string> { ["_handler"] = "sign-in", ["__RequestVerificationToken"] = form, ["token"] = token });
        using var answer = await visitor.http.PostAsync("/sign-in", content, cancellation);
        return answer.StatusCode == HttpStatusCode.Found ? visitor : throw new DemoException($"Signing in was answered with {(int)answer.StatusCode}.");
    }

    /// <summary>Looks for a person; who it was is kept in a cookie of the page that is led to.</summary>
    public async Task FindAsync(string person, CancellationToken cancellation)
    {
        var form = Found(FormToken(), await http.GetStringAsync("/people", cancellation), "the token of the form on /people");
        using var content = new FormUrlEncodedContent(new Dictionary<string, string> { ["_handler"] = "find", ["__RequestVerificationToken"] = form, ["who"] = person });
        using var answer = await http.PostAsync("/people", content, cancellation);
        if (answer.StatusCode != HttpStatusCode.Found || !(await http.GetStringAsync("/people?found=1", cancellation)).Contains(person, StringComparison.Ordinal))
        {
            throw new DemoException($"Looking for a person was answered with {(int)answer.StatusCode}, or nobody was found.");
        }
    }

    /// <summary>The last page that links with this parameter lead to, one after the other.</summary>
    public async Task<string> LastAsync(string page, string parameter, CancellationToken cancellation)
    {
        var last = page;
        while (await TryLinkAsync(last, parameter, cancellation) is { } next && next != last)
        {
            last = next;
        }

        return last;
    }

    /// <summary>The first link of a page to itself that has this parameter.</summary>
    public async Task<string> LinkAsync(string page, string parameter, CancellationToken cancellation)
        => await TryLinkAsync(page, parameter, cancellation) ?? throw new DemoException($"{page} has no link with {parameter}.");

    private async Task<string?> TryLinkAsync(string page, string parameter, CancellationToken cancellation)
    {
        var links = Links().Matches(await http.GetStringAsync(page, cancellation)).Select(m => WebUtility.HtmlDecode(m.Groups[1].Value));
        var link = links.FirstOrDefault(l => l.Contains($"?{parameter}=", StringComparison.Ordinal) || l.Contains($"&{parameter}=", StringComparison.Ordinal));
        return link is null ? null : new Uri(new Uri(http.BaseAddress!, page), link).PathAndQuery;
    }

    /// <summary>Asks for a page again and again, one after the other; the first time isn't counted.</summary>
    public async Task<PageTimes> MeasureAsync(string what, string path, int repetitions, CancellationToken cancellation)
    {
        List<double> first = [], whole = [];
        var (most, buffer) = (0L, new byte[1 << 16]);
        for (var run = -1; run < repetitions; run++)
        {
            var watch = Stopwatch.StartNew();
            using var answer = await OpenAsync(path, "text/html", cancellation);
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            long bytes = await body.ReadAsync(buffer, cancellation);
            var firstByte = watch.Elapsed.TotalMilliseconds;
            for (var read = (int)bytes; read > 0; bytes += read)
            {
                read = await body.ReadAsync(buffer, cancellation);
            }

            if (run >= 0)
            {
                first.Add(firstByte);
                whole.Add(watch.Elapsed.TotalMilliseconds);
                most = Math.Max(most, bytes);
            }
        }

        return new(what, path, first, whole, most);
    }

    /// <summary>Stylesheets, scripts and fonts of these pages, of which the first is that of all visitors.</summary>
    public async Task<IReadOnlyList<PageFile>> FilesAsync(IReadOnlyList<string> pages, CancellationToken cancellation)
    {
        List<PageFile> files = [];
        foreach (var page in pages)
        {
            Queue<string> ahead = new(Assets().Matches(await http.GetStringAsync(page, cancellation)).Select(m => m.Groups[1].Value));
            while (ahead.TryDequeue(out var path))
            {
                if (files.Exists(f => f.Path == path))
                {
                    continue;
                }

                using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept-Encoding", "gzip, deflate, br" } } };
                using var answer = (await http.SendAsync(request, cancellation)).EnsureSuccessStatusCode();
                var sent = await answer.Content.ReadAsByteArrayAsync(cancellation);
                files.Add(new(path, sent.Length, string.Join(", ", answer.Content.Headers.ContentEncoding), page == pages[0]));
                if (path.EndsWith(".css", StringComparison.Ordinal))
                {
                    foreach (Match font in Fonts().Matches(await http.GetStringAsync(path, cancellation)))
                    {
                        ahead.Enqueue(font.Groups[1].Value);
                    }
                }
            }
        }

        return files;
    }

    /// <summary>The answer as soon as its head is there; throws when it isn't success.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, string accept, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", accept } } };
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }

        using (answer)
        {
            throw new DemoException($"GET {path} was answered with {(int)answer.StatusCode}.");
        }
    }

    public void Dispose() => http.Dispose();

    private static string Found(Regex pattern, string page, string what)
        => pattern.Match(page) is { Success: true } match ? match.Groups[1].Value : throw new DemoException($"{what} was not found.");

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex("href=\"([^\"]+)\"")]
    private static partial Regex Links();

    [GeneratedRegex("(?:href|src)=\"(/[^\"]+\\.(?:css|js|woff2))\"")]
    private static partial Regex Assets();

    [GeneratedRegex("url\\(\"(/[^\"]+\\.woff2)\"\\)")]
    private static partial Regex Fonts();
}
