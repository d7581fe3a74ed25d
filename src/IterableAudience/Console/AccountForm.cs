using System.Text.Json;
using System.Text.Json.Nodes;
using IterableAudience.Accounts;

namespace IterableAudience.Console;

/// <summary>Between the fields of a form and the API's request of an account.</summary>
internal static class AccountForm
{
    public const string Iterable = "DESTINATION_ITERABLE_AUDIENCE_API_KEY";
    public const string Postgres = "SOURCE_POSTGRES";
    public const string DuckDb = "SOURCE_DUCKDB";

    public static readonly (string Value, string Text)[] Kinds = [(Iterable, "Iterable project"), (Postgres, "PostgreSQL"), (DuckDb, "DuckDB file")];

    public static readonly (string Value, string Text)[] ProjectTypes = [("hybrid", "Hybrid: e-mail and user id"), ("email-based", "E-mail based"), ("userId-based", "User id based")];

    private static readonly string[] Numbers = ["options.requestsPerSecond", "options.maxInFlight"];

    /// <summary>The request; each field is the member of its name. What is empty is left out, except a password, which may be.</summary>
    public static JsonObject Request(FormFields fields)
    {
        var kind = fields["accountDefinitionName"];
        var request = new JsonObject { ["name"] = fields["name"].Trim(), ["accountDefinitionName"] = kind, ["options"] = new JsonObject(), ["secret"] = new JsonObject() };
        foreach (var field in FieldsOf(kind))
        {
            var (part, member) = (field[..field.IndexOf('.', StringComparison.Ordinal)], field[(field.IndexOf('.', StringComparison.Ordinal) + 1)..]);
            var text = part == "secret" ? fields[field] : fields[field].Trim();
            if (text.Length > 0 || field == "secret.password")
            {
                request[part]![member] = Array.IndexOf(Numbers, field) >= 0 && FormFields.TryNumber(text, out var number)
                    ? member == "maxInFlight" && number == Math.Floor(number) ? (long)number : number
                    : text;
            }
        }

        return request;
    }

    /// <summary>Fills in what the API shows of an account; a secret is never there.</summary>
    public static void Fill(FormFields fields, string name, string kind, JsonElement options)
    {
        fields["name"] = name;
        fields["accountDefinitionName"] = kind;
        foreach (var option in options.EnumerateObject())
        {
            fields[$"options.{option.Name}"] = option.Value.ValueKind == JsonValueKind.String ? option.Value.GetString()! : option.Value.GetRawText();
        }
    }

    /// <summary>What a test said.</summary>
    public static Notice Tested(string name, ListEndpoints.TestView test)
        => test.Ok ? Notice.Good($"{name} works: it answered with these credentials.") : Notice.Bad($"{name} doesn't work: {test.Detail}");

    /// <summary>An account was saved, and then tested.</summary>
    public static Notice Saved(string name, ApiAnswer<ListEndpoints.TestView> test)
        => test.Value is { Ok: true } ? Notice.Good($"{name} is saved, and works: it answered with these credentials.")
            : Notice.Warn($"{name} is saved, but doesn't work: {test.Value?.Detail ?? test.Problem!.Detail}");

    private static string[] FieldsOf(string kind) => kind switch
    {
        Postgres => ["options.host", "options.port", "options.dbname", "options.user", "options.sslMode", "secret.password"],
        DuckDb => ["options.path"],
        _ => ["options.dataCenter", "options.projectType", "options.requestsPerSecond", "options.maxInFlight", "secret.apiKey"],
    };
}
