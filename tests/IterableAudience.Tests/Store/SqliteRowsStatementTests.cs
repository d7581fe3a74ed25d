using IterableAudience.Store;
using Microsoft.Data.Sqlite;
using Xunit;

namespace IterableAudience.Tests.Store;

public sealed class SqliteRowsStatementTests : IDisposable
{
    private readonly SqliteConnection _connection = new("Data Source=:memory:");

    public SqliteRowsStatementTests()
    {
        _connection.Open();
        _connection.Run("CREATE TABLE t (list INTEGER NOT NULL, k INTEGER NOT NULL, n INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (list, k)) WITHOUT ROWID");
    }

    public void Dispose() => _connection.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100)]
    public void Every_row_is_written_once_whatever_their_number(int rows)
    {
        using (var statement = Statement())
        {
            for (var i = 0; i < rows; i++)
            {
                statement.Bind(2, i * 3).Bind(3, -i).Bind(4, new byte[i % 40]).Run();
            }

            statement.Finish();
        }

        Assert.Equal(
            Enumerable.Range(0, rows).Select(i => (7L, i * 3L, (long)-i, i % 40)),
            _connection.Rows("SELECT list, k, n, value FROM t ORDER BY k", r => (r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.Blob(3).Length)));
    }

    [Fact]
    public void Values_of_different_lengths_stay_with_their_rows()
    {
        var random = new Random(5);
        var values = Enumerable.Range(0, 70).Select(i => { var value = new byte[random.Next(300)]; random.NextBytes(value); return value; }).ToArray();
        using (var statement = Statement())
        {
            for (var i = 0; i < values.Length; i++)
            {
                statement.Bind(4, values[i]).Bind(2, i).Bind(3, 1).Run();
            }

            statement.Finish();
        }

        Assert.Equal(values, _connection.Rows("SELECT value FROM t ORDER BY k", r => r.Blob(0)));
    }

    [Fact]
    public void The_later_of_two_rows_with_one_key_counts_also_within_a_step_and_after_a_finish()
    {
        using (var statement = Statement())
        {
            statement.Bind(2, 1).Bind(3, 10).Bind(4, [1]).Run();
            statement.Bind(2, 1).Bind(3, 11).Bind(4, [2]).Run();
            statement.Finish();
            for (var i = 0; i < 20; i++)
            {
                statement.Bind(2, 2).Bind(3, i).Bind(4, [3]).Run();
            }

            statement.Bind(2, 1).Bind(3, 12).Bind(4, [4]).Run();
            statement.Finish();
        }

        Assert.Equal([(1L, 12L, (byte)4), (2L, 19L, (byte)3)], _connection.Rows("SELECT k, n, value FROM t ORDER BY k", r => (r.GetInt64(0), r.GetInt64(1), r.Blob(2)[0])));
    }

    private SqliteRowsStatement Statement() => new SqliteRowsStatement(
        _connection,
        """
        INSERT INTO t (list, k, n, value) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (list, k) DO UPDATE SET n = excluded.n, value = excluded.value
        """,
        rowPlaces: 2).Bind(1, 7);
}
