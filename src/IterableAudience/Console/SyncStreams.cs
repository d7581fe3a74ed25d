using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using IterableAudience.Console.Parts;
using IterableAudience.Hosting;
using IterableAudience.Store;
using IterableAudience.Syncs;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Mvc;

namespace IterableAudience.Console;

/// <summary>What the page of a sync loads besides itself: its progress while it runs, and its records as a file.</summary>
internal static class SyncStreams
{
    /// <summary>With every so many views, some seconds apart, the session is looked at again.</summary>
    private const int LooksAtSession = 5;

    public static void MapSyncStreams(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/connections/{id}/syncs/{syncId}").Needs(Roles.Viewer).ExcludeFromDescription();
        group.MapGet("/live", Live);
        group.MapGet("/export", Export);
    }

    /// <summary>The part of the page that changes, rendered as the page itself does, whenever there is something new; then <c>finished</c>. Ends with the session.</summary>
    private static async Task<IResult> Live(string id, string syncId, HttpContext context, StoreContext db, SyncFeed feed, ILoggerFactory logging, CancellationToken cancellation)
        => await SyncEndpoints.FindAsync(db, id, syncId, cancellation) is { } found
            ? TypedResults.ServerSentEvents(RenderAsync(feed.FollowAsync(found.Sync.No, id, cancellation), context, logging, cancellation))
            : ProblemAnswer.NotFound("sync");

    private static async IAsyncEnumerable<SseItem<string>> RenderAsync(
        IAsyncEnumerable<SyncView> views, HttpContext context, ILoggerFactory logging, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var looks = 0;
        RecentRate rate = new(context.RequestServices.GetRequiredService<TimeProvider>());
        await foreach (var view in views.WithCancellation(cancellation))
        {
            if (++looks % LooksAtSession == 0 && !await Session.HoldsAsync(context))
            {
                yield break;
            }

            // A renderer keeps what it has rendered: one for each look, or a page that is open for a day holds thousands.
            await using var renderer = new HtmlRenderer(context.RequestServices, logging);
            var html = await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<LivePart>(
                ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(LivePart.Sync)] = view, [nameof(LivePart.Rate)] = rate.After(view.Report.Requests) }))).ToHtmlString());
            yield return new(html, view.Phase == "closed" ? "finished" : "progress");
        }
    }

    /// <summary>All records that match, as the API writes them; a link can't say what it accepts.</summary>
    private static Task<IResult> Export(
        string id, string syncId, string? format, HttpRequest request, StoreContext db, LeanStore store, SyncMonitor monitor,
        [FromQuery] string? outcome, [FromQuery] string? reason, [FromQuery] string? action, CancellationToken cancellation)
    {
        request.Headers.Accept = format == "ndjson" ? "application/x-ndjson" : "text/csv";
        return RecordEndpoints.All(id, syncId, request, db, store, monitor, outcome, reason, action, pageSize: null, cursor: null, cancellation);
    }
}
