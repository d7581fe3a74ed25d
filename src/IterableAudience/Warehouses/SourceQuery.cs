namespace IterableAudience.Warehouses;

/// <summary>What is read of a warehouse: a table (or view), or the rows of a model's SQL.</summary>
/// <param name="Schema">Of the table.</param>
/// <param name="Table">Its name; null for a model.</param>
/// <param name="Sql">The model: one statement that only reads.</param>
internal sealed record SourceQuery(string? Schema, string? Table, string? Sql)
{
    public bool IsModel => Table is null;

    /// <summary>For error texts: no SQL.</summary>
    public string Words => IsModel ? "The model" : $"The table {Schema}.{Table}";
}

/// <summary>A column as a warehouse describes it.</summary>
/// <param name="Name">Exactly as the warehouse has it.</param>
/// <param name="Type">In the warehouse's own words.</param>
public sealed record WarehouseColumn(string Name, string Type);

/// <summary>A table or view.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type"><c>table</c> or <c>view</c>.</param>
/// <param name="RowEstimate">What the warehouse believes; null when it has no idea.</param>
internal sealed record WarehouseTable(string Name, string Type, long? RowEstimate);

/// <summary>What the text of a column's values is good for.</summary>
internal enum TextForm
{
    /// <summary>Nothing: bytes, lists, documents.</summary>
    None,

    /// <summary>To tell rows apart: times.</summary>
    Key,

    /// <summary>To name a person, too.</summary>
    Identifier,
}
