using IterableAudience.Console.Layout;
using IterableAudience.Console.Wizard;
using IterableAudience.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IterableAudience.Console;

/// <summary>The pages that people see: rendered on the server, forms that work without script, one stylesheet, one script.</summary>
internal static class ConsoleSetup
{
    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddHttpContextAccessor();
        services.AddProblem<ConsoleFailure>(e => ProblemAnswer.Of(e.Problem.Status, e.Problem.Detail));
        return services
            .AddScoped<ConsoleApi>()
            .AddScoped<Visitor>()
            .AddScoped<OverviewQuery>()
            .AddScoped<ConnectionNames>()
            .AddScoped<ConnectionHistory>()
            .AddScoped<SyncRecords>()
            .AddScoped<PersonQuery>()
            .AddScoped<WizardDrafts>()
            .AddScoped<WizardData>()
            .AddScoped<WizardMaker>()
            .AddScoped<WizardActions>()
            .AddSingleton<ErrorPage>(ShowAsync);
    }

    public static void MapConsole(this WebApplication app)
    {
        app.MapStaticAssets().ExcludeFromDescription();
        app.MapRazorComponents<App>().WithFormOptions(valueLengthLimit: 16 * 1024 * 1024, multipartBodyLengthLimit: 110L * 1024 * 1024);
        app.MapSyncStreams();
        app.MapFragments();
        app.MapPost("/sign-out", SignOut).ExcludeFromDescription();
    }

    /// <summary>In a scope of its own: that of the request may have a page that broke off in the middle.</summary>
    private static async Task ShowAsync(HttpContext context, ProblemAnswer problem)
    {
        var services = context.RequestServices;
        await using var scope = services.CreateAsyncScope();
        context.RequestServices = scope.ServiceProvider;
        context.Response.Headers.Remove("blazor-enhanced-nav"); // a page that has no body has set it already, and a second time is an exception
        try
        {
            await new RazorComponentResult<Failure>(new { Problem = ApiProblem.Of(problem) }) { StatusCode = problem.Status }.ExecuteAsync(context);
        }
        finally
        {
            context.RequestServices = services;
        }
    }

    /// <summary>Ends the session; the form's token is checked as with every form of the console.</summary>
    private static async Task<IResult> SignOut(HttpContext context, IAntiforgery antiforgery)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return Fragments.Expired();
        }

        await Session.EndAsync(context);
        return TypedResults.Redirect(Session.SignInPath);
    }
}
