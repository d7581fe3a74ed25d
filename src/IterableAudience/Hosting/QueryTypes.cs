using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace IterableAudience.Hosting;

/// <summary>
/// Refuses a query parameter that is no value of its type, by the name that clients know. The endpoints' own code, generated when the service is built, would
/// answer 400 without a word, and take an empty one for none.
/// </summary>
internal static class QueryTypes
{
    public static void UseQueryTypes(this WebApplication app)
        => app.Use(next => context => Faults(context) is { Count: > 0 } faults ? ProblemAnswer.BadFields(faults).ExecuteAsync(context) : next(context));

    private static Dictionary<string, string[]> Faults(HttpContext context)
    {
        var faults = new Dictionary<string, string[]>();
        if (context.Request.Query.Count > 0)
        {
            foreach (var parameter in context.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>() ?? [])
            {
                var name = QueryName(parameter);
                if (context.Request.Query.TryGetValue(name, out var value) && Fault(parameter.ParameterInfo.ParameterType, value) is { } fault)
                    faults[name] = [fault];
            }
        }

        return faults;
    }

    private static string? Fault(Type type, string? value)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain == typeof(int) && !int.TryParse(value, CultureInfo.InvariantCulture, out _) ? $"must be a whole number, at most {int.MaxValue}."
            : plain == typeof(bool) && !bool.TryParse(value, out _) ? "must be true or false."
            : null;
    }

    /// <summary><c>per_page</c>, not <c>perPage</c>.</summary>
    private static string QueryName(IParameterBindingMetadata parameter)
        => parameter.ParameterInfo.GetCustomAttributes(inherit: false).OfType<IFromQueryMetadata>().FirstOrDefault()?.Name
            ?? JsonNamingPolicy.CamelCase.ConvertName(parameter.Name);
}
