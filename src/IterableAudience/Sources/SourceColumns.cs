using IterableAudience.Warehouses;

namespace IterableAudience.Sources;

/// <summary>The columns that a sync reads of a source, by the names that the warehouse has for them.</summary>
/// <param name="Key">The primary key.</param>
/// <param name="Mapped">Columns that are identifiers, each once.</param>
internal sealed record SourceColumns(string Key, IReadOnlyList<string> Mapped)
{
    /// <summary>The key first, and each column once.</summary>
    public IReadOnlyList<string> All => [Key, .. Mapped.Where(m => m != Key)];

    /// <summary>Where the values of a mapped column are among the mapped ones.</summary>
    public int PlaceOf(string name)
    {
        var exact = Mapped.ToList().IndexOf(name);
        return exact >= 0 ? exact : Mapped.ToList().FindIndex(m => string.Equals(m, name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Finds the wanted columns among those that are there: by their exact name, else by the one name that differs in case only.</summary>
    /// <param name="query">For error texts.</param>
    /// <param name="there">What the source has.</param>
    /// <param name="form">What values of a type are good for.</param>
    /// <param name="key">The primary key.</param>
    /// <param name="mapped">Columns that are identifiers.</param>
    /// <exception cref="WarehouseException">One is not there, or of a type that can't be what it is meant to be.</exception>
    public static SourceColumns Find(
        SourceQuery query, IReadOnlyList<WarehouseColumn> there, Func<string, TextForm> form, string key, IReadOnlyList<string> mapped)
    {
        var keyColumn = FindKey(query, there, form, key);
        return new(keyColumn, [.. mapped.Select(name => FindMapped(query, there, form, name)).Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>Finds the primary key alone, as <see cref="Find(SourceQuery, IReadOnlyList{WarehouseColumn}, Func{string, TextForm}, string, IReadOnlyList{string})"/> does.</summary>
    public static string FindKey(SourceQuery query, IReadOnlyList<WarehouseColumn> there, Func<string, TextForm> form, string name)
    {
        var column = Find(query, there, name, "primary key");
        return form(column.Type) != TextForm.None ? column.Name : throw new WarehouseException(
            WarehouseException.InvalidQuery, $"The primary key {column.Name} is of the type {column.Type}, which can't tell rows apart; name a column of text or numbers.");
    }

    /// <summary>Finds one column that is an identifier, likewise.</summary>
    public static string FindMapped(SourceQuery query, IReadOnlyList<WarehouseColumn> there, Func<string, TextForm> form, string name)
    {
        var column = Find(query, there, name, "mapped column");
        return form(column.Type) == TextForm.Identifier ? column.Name : throw new WarehouseException(
            WarehouseException.InvalidQuery, $"The column {column.Name} is of the type {column.Type}, which can't be an identifier; map a column of text or numbers.");
    }

    private static WarehouseColumn Find(SourceQuery query, IReadOnlyList<WarehouseColumn> there, string name, string what)
    {
        var exact = there.Where(c => c.Name == name).ToList();
        var found = exact.Count > 0 ? exact : there.Where(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase)).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw new WarehouseException(WarehouseException.NotFound, $"{query.Words} has no column {name}, which is the {what}; its columns are {Listed(there)}."),
            _ => throw new WarehouseException(WarehouseException.InvalidQuery, $"{query.Words} has more than one column {name}, which is the {what}; give each its own name."),
        };
    }

    /// <summary>Only what looks like a name: a model's column that was given none is called by its expression, which may hold a value.</summary>
    private static string Listed(IReadOnlyList<WarehouseColumn> there)
    {
        var names = there.Select(c => c.Name).Where(IsName).Take(20).ToList();
        return there.Count == 0 ? "none"
            : names.Count == 0 ? "without names"
            : string.Join(", ", names) + (names.Count < there.Count ? ", …" : "");
    }

    private static bool IsName(string column)
        => column.Length is > 0 and <= 60 && !char.IsDigit(column[0]) && column.All(c => char.IsLetterOrDigit(c) || c == '_');
}
