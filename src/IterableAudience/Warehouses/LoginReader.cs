using System.Text.Json;
using System.Text.Json.Nodes;
using FluentValidation;
using IterableAudience.Hosting;

namespace IterableAudience.Warehouses;

/// <summary>Reads an account's options and secret into the types of one kind of warehouse, with all faults at once.</summary>
internal static class LoginReader
{
    private static readonly JsonSerializerOptions WithoutNulls = new(JsonSetup.Options) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    /// <param name="options">As they came.</param>
    /// <param name="secret">As it came.</param>
    /// <param name="optionRules">Of the kind.</param>
    /// <param name="secretRules">Of the kind.</param>
    /// <param name="normalize">Fills in defaults.</param>
    public static LoginCheck Check<TOptions, TSecret>(
        JsonObject options, JsonObject secret, IValidator<TOptions> optionRules, IValidator<TSecret> secretRules, Func<TOptions, TOptions> normalize)
        where TOptions : class
        where TSecret : class
    {
        List<(string, string)> faults = [];
        var readOptions = Read(options, "options", optionRules, faults);
        var readSecret = Read(secret, "secret", secretRules, faults);
        return faults.Count > 0
            ? new(null, faults)
            : new(new(Write(normalize(readOptions!)), Write(readSecret!)), []);
    }

    /// <summary>The typed form of what <see cref="Check"/> has let through.</summary>
    public static T As<T>(this JsonObject json) => json.Deserialize<T>(JsonSetup.Options)!;

    private static JsonObject Write<T>(T value) => JsonSerializer.SerializeToNode(value, WithoutNulls)!.AsObject();

    private static T? Read<T>(JsonObject json, string name, IValidator<T> rules, List<(string, string)> faults)
        where T : class
    {
        try
        {
            var value = json.Deserialize<T>(JsonSetup.Options)!;
            faults.AddRange(rules.Validate(value).Errors.Select(e => ($"{name}.{JsonNamingPolicy.CamelCase.ConvertName(e.PropertyName)}", e.ErrorMessage)));
            return value;
        }
        catch (JsonException e)
        {
            faults.Add(($"{name}{e.Path?.TrimStart('$')}", "is of the wrong type."));
            return null;
        }
    }
}
