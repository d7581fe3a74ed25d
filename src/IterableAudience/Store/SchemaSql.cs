namespace IterableAudience.Store;

/// <summary>The SQL of migrations that make or change the lean tables; beside the migration of that name.</summary>
internal static class SchemaSql
{
    public static string Read(string name)
    {
        using var stream = typeof(SchemaSql).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The program was built without {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
