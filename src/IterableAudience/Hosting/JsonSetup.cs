using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace IterableAudience.Hosting;

/// <summary>The JSON of the control surface: camelCase, exact member names, no member twice, strict types, UTC times with milliseconds.</summary>
internal static class JsonSetup
{
    /// <summary>How deep a body may be nested.</summary>
    public const int MaxDepth = 32;

    /// <summary>One for all options: options that are alike share what was found out about the types.</summary>
    private static readonly UtcMillisecondsConverter UtcMilliseconds = new();

    /// <summary>The options that everything is written with, also what the store keeps as JSON.</summary>
    public static readonly JsonSerializerOptions Options = Apply(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static IServiceCollection AddJson(this IServiceCollection services)
        => services.ConfigureHttpJsonOptions(o => Apply(o.SerializerOptions));

    private static JsonSerializerOptions Apply(JsonSerializerOptions options)
    {
        options.MaxDepth = MaxDepth;
        options.PropertyNameCaseInsensitive = false;
        options.AllowDuplicateProperties = false;
        // Text for a number is a wrong type, except where the contract says otherwise (an attribute on the member).
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Converters.Add(UtcMilliseconds);
        return options;
    }

    private sealed class UtcMillisecondsConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
            => writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }
}
