using IterableAudience.Console.Parts;
using IterableAudience.Console.Wizard;
using IterableAudience.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IterableAudience.Console;

/// <summary>Parts of forms that the page's script asks for anew while somebody fills in the form; without script they come with the page.</summary>
internal static class Fragments
{
    public static void MapFragments(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/parts").Needs(Roles.Viewer).ExcludeFromDescription();
        group.MapPost("/next-runs", NextRunsAsync);
        app.MapPost("/connections/new/{draftId}/preview", PreviewAsync).Needs(Roles.Admin).ExcludeFromDescription();
    }

    /// <summary>The next runs of the schedule in the form.</summary>
    private static async Task<IResult> NextRunsAsync(HttpContext context, IAntiforgery antiforgery)
        => await PostedAsync(context, antiforgery) is { } fields ? new RazorComponentResult<NextRuns>(new { Fields = fields }) : Expired();

    /// <summary>What the first rows would send by the mapping in the form.</summary>
    private static async Task<IResult> PreviewAsync(string draftId, HttpContext context, IAntiforgery antiforgery, WizardDrafts drafts)
    {
        if (await PostedAsync(context, antiforgery) is not { } posted || await drafts.FindAsync(draftId, context.RequestAborted) is not { } fields)
        {
            return Expired();
        }

        WizardActions.Take(fields, posted);
        return new RazorComponentResult<MapPreview>(new { Fields = fields });
    }

    /// <summary>The form that was posted; null when it was not one of ours.</summary>
    internal static async Task<FormFields?> PostedAsync(HttpContext context, IAntiforgery antiforgery)
        => await antiforgery.IsRequestValidAsync(context) ? FormFields.Posted(await context.Request.ReadFormAsync(context.RequestAborted)) : null;

    internal static ProblemAnswer Expired() => ProblemAnswer.BadRequest("The form is too old, or was not one of this console. Load the page again.");
}
