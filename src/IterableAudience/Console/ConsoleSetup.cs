using IterableAudience.Console.Layout;
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
        return services
            .AddScoped<ConsoleApi>()
            .AddScoped<Visitor>()
            .AddScoped<OverviewQuery>()
            .AddScoped<ConnectionNames>()
            .AddScoped<ConnectionHistory>()
            .AddScoped<PersonQuery>()
            .AddSingleton<ErrorPage>((context, problem) => new RazorComponentResult<Failure>(new { Problem = ApiProblem.Of(problem) }) { StatusCode = problem.Status }.ExecuteAsync(context));
    }

    public static void MapConsole(this WebApplication app)
    {
        app.MapStaticAssets().ExcludeFromDescription();
        app.MapRazorComponents<App>();
        app.MapSyncStreams();
        app.MapFragments();
        app.MapPost("/sign-out", SignOut).ExcludeFromDescription();
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
