using IterableAudience.Console.Layout;
using IterableAudience.Console.Wizard;
using IterableAudience.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IterableAudience.Console;

/// <summary>The pages that people see: rendered on the server, forms that work without script, one stylesheet, one script.</summary>
internal static class ConsoleSetup
{
    private const string SignOutPath = "/sign-out";

    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddHttpContextAccessor();
        services.AddProblem<ConsoleFailure>(e => ProblemAnswer.Of(e.Problem.Status, e.Problem.Detail));
        return services
            .AddScoped<ConsoleApi>()
            .AddScoped<Visitor>()
            .AddScoped<Notes>()
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
        app.MapPost(SignOutPath, SignOut).ExcludeFromDescription();
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
            await new RazorComponentResult<Failure>(new { Problem = ApiProblem.Of(problem), Path = PageOf(context.Request) }) { StatusCode = problem.Status }.ExecuteAsync(context);
        }
        finally
        {
            context.RequestServices = services;
        }
    }

    /// <summary>Where the form was: forms are posted to their page. A sign-out has none.</summary>
    private static string? PageOf(HttpRequest request)
        => HttpMethods.IsPost(request.Method) && request.Path != SignOutPath ? request.Path.ToUriComponent() : null;

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
