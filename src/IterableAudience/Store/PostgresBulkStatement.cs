using System.Diagnostics.CodeAnalysis;
using Npgsql;
using NpgsqlTypes;

namespace IterableAudience.Store;

/// <summary>Collects rows column by column and hands them to the server in one statement.</summary>
internal sealed class PostgresBulkStatement : BulkStatement
{
    private readonly NpgsqlConnection _connection;
    private readonly string _sql;
    private readonly int _rowPlaces;
    private readonly Column[] _columns;
    private int _rows;

    /// <param name="connection">Open; the statement belongs to its current transaction.</param>
    /// <param name="sql">The statement.</param>
    public PostgresBulkStatement(NpgsqlConnection connection, in BulkSql sql)
    {
        _connection = connection;
        _sql = sql.Postgres;
        _rowPlaces = sql.RowPlaces;
        var places = sql.RowPlaces - 1;
        while (_sql.Contains($"@p{places + 1}", StringComparison.Ordinal))
        {
            places++;
        }

        _columns = new Column[places];
        for (var i = 0; i < places; i++)
        {
            _columns[i] = new Column();
        }
    }

    /// <inheritdoc/>
    public override PostgresBulkStatement Bind(int place, long value)
    {
        (_columns[place - 1].Type, _columns[place - 1].Number) = (NpgsqlDbType.Bigint, value);
        return this;
    }

    /// <inheritdoc/>
    public override PostgresBulkStatement Bind(int place, ReadOnlySpan<byte> value)
    {
        (_columns[place - 1].Type, _columns[place - 1].Bytes) = (NpgsqlDbType.Bytea, value.ToArray());
        return this;
    }

    /// <inheritdoc/>
    public override PostgresBulkStatement Bind(int place, string? value)
    {
        (_columns[place - 1].Type, _columns[place - 1].Text) = (NpgsqlDbType.Text, value);
        return this;
    }

    /// <inheritdoc/>
    public override void Run()
    {
        for (var i = _rowPlaces - 1; i < _columns.Length; i++)
        {
            _columns[i].Take();
        }

        _rows++;
    }

    /// <inheritdoc/>
    [SuppressMessage("Security", "CA2100", Justification = "The statements are constants; the rows are parameters.")]
    public override void Finish()
    {
        if (_rows == 0)
        {
            return;
        }

        PostgresPending.Of(_connection)?.Flush();
        using var command = new NpgsqlCommand(_sql, _connection);
        for (var i = 0; i < _columns.Length; i++)
        {
            command.Parameters.Add(_columns[i].Parameter($"p{i + 1}", many: i >= _rowPlaces - 1));
        }

        command.ExecuteNonQuery();
        _rows = 0;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        // nothing is held
    }

    private sealed class Column
    {
        private readonly List<long> _numbers = [];
        private readonly List<byte[]> _blobs = [];
        private readonly List<string?> _texts = [];

        public NpgsqlDbType Type { get; set; } = NpgsqlDbType.Bigint;

        public long Number { get; set; }

        public byte[] Bytes { get; set; } = [];

        public string? Text { get; set; }

        public void Take()
        {
            switch (Type)
            {
                case NpgsqlDbType.Bigint: _numbers.Add(Number); break;
                case NpgsqlDbType.Bytea: _blobs.Add(Bytes); break;
                default: _texts.Add(Text); break;
            }
        }

        /// <summary>The value of a place, or, of one that differs from row to row, all of them; those are forgotten then.</summary>
        public NpgsqlParameter Parameter(string name, bool many)
        {
            if (!many)
            {
                return new NpgsqlParameter(name, Type) { Value = Type == NpgsqlDbType.Bigint ? Number : Type == NpgsqlDbType.Bytea ? Bytes : Text ?? (object)DBNull.Value };
            }

            object all = Type == NpgsqlDbType.Bigint ? _numbers.ToArray() : Type == NpgsqlDbType.Bytea ? _blobs.ToArray() : _texts.ToArray();
            _numbers.Clear();
            _blobs.Clear();
            _texts.Clear();
            return new NpgsqlParameter(name, NpgsqlDbType.Array | Type) { Value = all };
        }
    }
}
