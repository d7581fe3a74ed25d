namespace IterableAudience.Store;

/// <summary>The SQL that makes the lean tables.</summary>
internal static class SchemaSql
{
    public static string Read()
    {
        using var stream = typeof(SchemaSql).Assembly.GetManifestResourceStream("Schema.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
