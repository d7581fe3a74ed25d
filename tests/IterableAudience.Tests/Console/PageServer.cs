using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>A web server of a few pages, with the strictest policy that lets its own files in. Anything else is not found.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PageServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    /// <param name="files">By path. What ends on .css or .js is that, all else is the body of an HTML document; null breaks the connection.</param>
    public static async Task<PageServer> StartAsync(params (string Path, string? Text)[] files)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var texts = files.ToDictionary(f => f.Path, f => f.Text);
        app.Run(context => texts.TryGetValue(context.Request.Path, out var text) ? AnswerAsync(context, text) : NotFoundAsync(context));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new PageServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static Task AnswerAsync(HttpContext context, string? text)
    {
        if (text is null)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        var (type, bytes) = Path.GetExtension(context.Request.Path) switch
        {
            ".css" => ("text/css", Encoding.UTF8.GetBytes(text)),
            ".js" => ("text/javascript", Encoding.UTF8.GetBytes(text)),
            _ => ("text/html", Encoding.UTF8.GetBytes($"""<!DOCTYPE html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,"></head><body>{text}</body></html>""")),
        };
        context.Response.ContentType = $"{type}; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return context.Response.WriteAsync("There is no such page.", context.RequestAborted);
    }
}
