namespace IterableAudience.Store;

/// <summary>Where COPY brings rows that are only inserted: a table of the PostgreSQL store and its columns, in the order of the places of a <see cref="BulkStatement"/>.</summary>
internal sealed class CopyInto
{
    private readonly int[] _sizes;

    /// <param name="table">The table.</param>
    /// <param name="columns">Name and type of each column, e.g. <c>sync bigint, part integer, blob bytea</c>; the type decides how a value travels.</param>
    public CopyInto(string table, string columns)
    {
        var parts = columns.Split(", ").Select(c => c.Split(' ')).ToArray();
        _sizes = [.. parts.Select(c => c[1] switch
        {
            "bigint" => 8,
            "integer" => 4,
            "smallint" => 2,
            "bytea" or "text" => 0,
            _ => throw new ArgumentException($"COPY doesn't know the type {c[1]}.", nameof(columns)),
        })];
        Sql = $"COPY {table} ({string.Join(", ", parts.Select(c => c[0]))}) FROM STDIN (FORMAT BINARY)";
    }

    public string Sql { get; }

    public int Columns => _sizes.Length;

    /// <summary>Bytes of a number in a column; 0 where a column has bytes or text.</summary>
    public int SizeOf(int column) => _sizes[column];
}
