using System.Globalization;

namespace IterableAudience.Benchmarks;

/// <summary>The <c>--name value</c> pairs behind a command. An unknown or incomplete one is an error, so that a typo can't measure something else.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> values = [];

    public Arguments(ReadOnlySpan<string> args, params ReadOnlySpan<string> known)
    {
        for (var i = 0; i < args.Length; i += 2)
        {
            var name = args[i].StartsWith("--", StringComparison.Ordinal) ? args[i][2..] : "";
            if (!known.Contains(name) || i + 1 == args.Length)
            {
                throw new ArgumentException($"'{args[i]}' is not understood; known are --{string.Join(" …, --", known!)} …");
            }

            values[name] = args[i + 1];
        }
    }

    public string? Text(string name) => values.GetValueOrDefault(name);

    /// <summary>Whether <c>--store PostgreSql</c> is asked for; SQLite without.</summary>
    public bool OnPostgres() => Text("store") switch
    {
        null or "Sqlite" => false,
        "PostgreSql" => true,
        _ => throw new ArgumentException("--store is Sqlite or PostgreSql"),
    };

    public int Number(string name, int otherwise)
        => !values.TryGetValue(name, out var text) ? otherwise
            : int.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number) ? number
            : throw new ArgumentException($"--{name} needs a number");
}
