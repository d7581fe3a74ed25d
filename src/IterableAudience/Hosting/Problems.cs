using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;

namespace IterableAudience.Hosting;

/// <summary>Wires error answers: every status from 400 on leaves as a <see cref="ProblemAnswer"/>, also those that the framework makes.</summary>
internal static class Problems
{
    public static IServiceCollection AddProblems(this IServiceCollection services)
        => services
            .AddExceptionHandler<ProblemHandler>()
            .Configure<ExceptionHandlerOptions>(o => o.ExceptionHandler = _ => Task.CompletedTask)
            .Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);

    /// <summary>From now on an exception of this type that a request throws is answered as the given problem; null leaves it a bug.</summary>
    public static IServiceCollection AddProblem<TException>(this IServiceCollection services, Func<TException, ProblemAnswer?> answer)
        where TException : Exception
        => services.AddSingleton(new ExceptionProblem(typeof(TException), e => answer((TException)e)));

    public static IApplicationBuilder UseProblems(this IApplicationBuilder app)
        => app
            .UseExceptionHandler()
            .UseStatusCodePages(context => ProblemAnswer
                .Of(context.HttpContext.Response.StatusCode, Explain(context.HttpContext.Response.StatusCode, context.HttpContext))
                .ExecuteAsync(context.HttpContext))
            .Use(next => async context =>
            {
                await next(context);
                // A form that was refused leaves an empty page behind, which nobody would explain.
                if (context.Response is { HasStarted: false, StatusCode: StatusCodes.Status400BadRequest } && Addresses.WantsPage(context.Request) && HttpMethods.IsPost(context.Request.Method))
                {
                    await ProblemAnswer.BadRequest("This form is out of date, and nothing was changed by it. Go back, load the page again and look at what it says now.").ExecuteAsync(context);
                }
            });

    /// <summary>The text for a status that nobody has explained yet.</summary>
    public static string Explain(int status, HttpContext? context = null) => status switch
    {
        StatusCodes.Status401Unauthorized => "Send a valid token: Authorization: Bearer <token>.",
        StatusCodes.Status404NotFound => "There is nothing at this address. /swagger lists all routes.",
        StatusCodes.Status405MethodNotAllowed => context?.Response.Headers.Allow is { Count: > 0 } allow
            ? $"This address takes {allow}, not {context.Request.Method}."
            : "This address doesn't take this method.",
        StatusCodes.Status413PayloadTooLarge => "The body is larger than this route takes.",
        StatusCodes.Status415UnsupportedMediaType => "Send the body as application/json.",
        _ => $"The request was answered with {status} {ReasonPhrases.GetReasonPhrase(status)}.",
    };
}
