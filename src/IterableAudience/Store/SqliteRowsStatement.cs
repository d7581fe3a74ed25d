using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Store;

/// <summary>
/// An <c>INSERT … VALUES (…)</c> that takes several rows at a step: SQLite keeps its place in the index between them, so rows that come in the
/// index's order are cheaper than with a step for each. Rows are held back until there are enough, or until <see cref="Finish"/>.
/// </summary>
internal sealed partial class SqliteRowsStatement : BulkStatement
{
    private const int AtOnce = 16;
    private const int NumberOnly = -1;

    private readonly SqliteConnection _connection;
    private readonly string _sql;
    private readonly int _rowPlaces;
    private readonly int _perRow;
    private readonly long[] _constants;
    private readonly long[] _numbers;
    private readonly (int Start, int Length)[] _texts;
    private readonly ArrayBufferWriter<byte> _bytes = new(4096);
    private SqliteBulkStatement? _many;
    private SqliteBulkStatement? _one;
    private int _rows;

    /// <param name="connection">Open; the statement belongs to its current transaction.</param>
    /// <param name="sql">For one row, with parameters ?1, ?2, …; those of a row are in its <c>VALUES (…)</c> and nowhere else.</param>
    /// <param name="rowPlaces">First place that differs from row to row. The ones before it are numbers.</param>
    public SqliteRowsStatement(SqliteConnection connection, string sql, int rowPlaces)
    {
        (_connection, _sql, _rowPlaces) = (connection, sql, rowPlaces);
        _perRow = Places().Matches(sql).Max(m => int.Parse(m.ValueSpan[1..], CultureInfo.InvariantCulture)) - rowPlaces + 1;
        _constants = new long[rowPlaces - 1];
        _numbers = new long[AtOnce * _perRow];
        _texts = new (int, int)[AtOnce * _perRow];
    }

    /// <inheritdoc/>
    public override SqliteRowsStatement Bind(int place, long value)
    {
        if (place < _rowPlaces)
        {
            _constants[place - 1] = value;
            return this;
        }

        var at = At(place);
        _numbers[at] = value;
        _texts[at] = (0, NumberOnly);
        return this;
    }

    /// <inheritdoc/>
    public override SqliteRowsStatement Bind(int place, ReadOnlySpan<byte> value)
    {
        _texts[At(place)] = (_bytes.WrittenCount, value.Length);
        _bytes.Write(value);
        return this;
    }

    /// <inheritdoc/>
    public override BulkStatement Bind(int place, string? value) => throw new NotSupportedException("Rows of numbers and bytes only.");

    /// <inheritdoc/>
    public override void Run()
    {
        if (++_rows == AtOnce)
        {
            _many ??= Prepare(Many());
            Write(_many, 0, _rows);
            Clear();
        }
    }

    /// <summary>Writes the rows held back. More may follow.</summary>
    public override void Finish()
    {
        if (_rows > 0)
        {
            _one ??= Prepare(_sql);
            for (var row = 0; row < _rows; row++)
            {
                Write(_one, row, row + 1);
            }

            Clear();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _many?.Dispose();
        _one?.Dispose();
    }

    private int At(int place) => (_rows * _perRow) + place - _rowPlaces;

    private void Write(SqliteBulkStatement statement, int from, int to)
    {
        var place = _rowPlaces;
        for (var at = from * _perRow; at < to * _perRow; at++, place++)
        {
            var (start, length) = _texts[at];
            _ = length == NumberOnly ? statement.Bind(place, _numbers[at]) : statement.Bind(place, _bytes.WrittenSpan.Slice(start, length));
        }

        statement.Run();
    }

    private void Clear()
    {
        _rows = 0;
        _bytes.ResetWrittenCount();
    }

    private SqliteBulkStatement Prepare(string sql)
    {
        var statement = new SqliteBulkStatement(_connection, sql);
        for (var i = 0; i < _constants.Length; i++)
        {
            statement.Bind(i + 1, _constants[i]);
        }

        return statement;
    }

    private string Many()
    {
        var start = _sql.IndexOf("VALUES (", StringComparison.Ordinal) + "VALUES ".Length;
        var end = _sql.IndexOf(')', start) + 1;
        var rows = new StringBuilder();
        for (var row = 0; row < AtOnce; row++)
        {
            rows.Append(row == 0 ? "" : ", ").Append(Places().Replace(_sql[start..end], place =>
            {
                var number = int.Parse(place.ValueSpan[1..], CultureInfo.InvariantCulture);
                return string.Create(CultureInfo.InvariantCulture, $"?{(number < _rowPlaces ? number : number + (row * _perRow))}");
            }));
        }

        return $"{_sql[..start]}{rows}{_sql[end..]}";
    }

    [GeneratedRegex(@"\?\d+")]
    private static partial Regex Places();
}
