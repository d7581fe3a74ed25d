using DuckDB.NET.Data;

namespace IterableAudience.Warehouses.DuckDb;

/// <summary>DuckDB's errors in one sentence. Its own text is passed on only where it names things, never where it may name a value.</summary>
internal static class DuckDbErrors
{
    public static WarehouseException? Explain(Exception e)
    {
        if (e is not DuckDBException)
        {
            return null;
        }

        var line = e.Message.Split('\n')[0].Trim();
        var kind = line.Split(':')[0];
        var told = line[Math.Min(line.Length, kind.Length + 1)..].Trim().TrimEnd('.', '!');
        return kind switch
        {
            "Catalog Error" => new(WarehouseException.NotFound, $"The DuckDB file hasn't what the source names: {told}.", e),
            "Binder Error" or "Parser Error" => new(WarehouseException.InvalidQuery, $"DuckDB doesn't understand the source: {told}.", e),
            "Permission Error" => new(WarehouseException.AccessDenied, "The source reaches for a file outside of the folder named by Sources__DuckDb__Root. A file in it is named with its whole path: read_csv(getvariable('root') || '/people.csv').", e),
            "IO Error" when told.StartsWith("Could not set lock", StringComparison.Ordinal) => new(
                WarehouseException.Busy, "Another program has the DuckDB file open, and this sync or look needs it for itself; close it there and try again.", e),
            "IO Error" => new(WarehouseException.Unreachable, "A file of the source can't be read; check that it is there, whole, and readable to the service.", e),
            "Invalid Input Error" when line.Contains("read-only", StringComparison.Ordinal) => new(WarehouseException.InvalidQuery, "A model may only read.", e),
            "Out of Memory Error" => new(
                WarehouseException.Failed, "DuckDB needs more memory for the source than it may take; raise Sources__DuckDb__MemoryMegabytes.", e),
            "INTERRUPT Error" => new(WarehouseException.Timeout, "DuckDB's statement was ended.", e),
            _ => new(WarehouseException.InvalidQuery, $"DuckDB could not run the source's SQL on its rows ({kind}); look at the model and its files.", e),
        };
    }
}
