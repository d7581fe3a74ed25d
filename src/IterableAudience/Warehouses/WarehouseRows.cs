using System.Data.Common;
using System.Globalization;

namespace IterableAudience.Warehouses;

/// <summary>The rows of a query as they come from the warehouse; errors come out in words.</summary>
internal sealed class WarehouseRows(DbDataReader reader, DbCommand command, StatementWatch watch, Func<Exception, Exception> failure) : IDisposable
{
    private bool _hasMore = true;

    public int FieldCount => reader.FieldCount;

    public bool Read()
    {
        try
        {
            return _hasMore = reader.Read();
        }
        catch (Exception e)
        {
            throw failure(e);
        }
    }

    public bool IsNull(int column) => reader.IsDBNull(column);

    /// <summary>The text in a column; null where it is null.</summary>
    public string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public long Int64(int column) => Convert.ToInt64(reader.GetValue(column), CultureInfo.InvariantCulture);

    public string GetName(int column) => reader.GetName(column);

    public string GetDataTypeName(int column) => reader.GetDataTypeName(column);

    public void Dispose()
    {
        if (_hasMore)
        {
            watch.Cancel(); // else the driver would read all that is left
        }

        watch.Dispose();
        try
        {
            reader.Dispose();
        }
#pragma warning disable CA1031 // what is left of a broken answer is nobody's business
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        command.Dispose();
    }
}
