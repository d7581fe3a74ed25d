using System.Text.Json;
using FluentValidation;
using FluentValidation.Results;

namespace IterableAudience.Hosting;

/// <summary>Validates a request body before its handler runs: all faults at once, each under its JSON path.</summary>
internal static class Validation
{
    public static RouteHandlerBuilder Validate<T>(this RouteHandlerBuilder route)
        where T : class
        => route.AddEndpointFilter<Filter<T>>();

    /// <summary>The problem that names every fault, or null when there is none.</summary>
    public static ProblemAnswer? Check<T>(this IValidator<T> validator, T request) => Problem(validator.Validate(request));

    private static ProblemAnswer? Problem(ValidationResult result)
        => result.IsValid
            ? null
            : ProblemAnswer.BadFields(result.Errors
                .GroupBy(e => JsonPath(e.PropertyName), e => e.ErrorMessage)
                .ToDictionary(g => g.Key, g => g.Distinct().ToArray()));

    /// <summary><c>DestinationConfig.AudienceId</c> → <c>destinationConfig.audienceId</c>.</summary>
    private static string JsonPath(string property)
        => string.Join('.', property.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));

    private sealed class Filter<T>(IValidator<T> validator) : IEndpointFilter
        where T : class
    {
        public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
        {
            // A route that asks for validation and has nothing to validate is a bug; it must not let everything pass.
            var request = context.Arguments.OfType<T>().Single();
            return validator.Check(request) is { } problem ? ValueTask.FromResult<object?>(problem) : next(context);
        }
    }
}
