using System.Diagnostics.CodeAnalysis;
using System.Text;
using IterableAudience.Store;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Stores;

/// <summary>The store of one test: a file in a folder of its own, or a database of its own.</summary>
public sealed class TestStore
{
    private readonly string _file;

    public TestStore(StoreKind kind, string folder)
    {
        Kind = kind;
        _file = Path.Combine(folder, "store.db");
        ConnectionString = kind == StoreKind.Sqlite ? $"Data Source={_file}" : PostgresServer.Shared.NewStore();
    }

    /// <summary>A database with all tables, for a test without a service. Without a server the test is skipped, or fails in CI.</summary>
    public static TestStore Postgres()
    {
        if (PostgresServer.Missing is { } missing)
        {
            Assert.SkipWhen(!string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase), missing);
            Assert.Fail(missing);
        }

        return new TestStore(StoreKind.PostgreSql, "");
    }

    public StoreKind Kind { get; }

    public string ConnectionString { get; }

    /// <summary>Settings of a service that uses the store.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["Store:Provider"] = Kind.ToString(),
        ["ConnectionStrings:Store"] = ConnectionString,
    };

    /// <summary>Statements that make an insert into a table (or an update) fail as on a full disk, where a condition on the new row holds; see <see cref="Mend"/>.</summary>
    public string Break(string table, string condition = "TRUE", string when = "INSERT") => Kind == StoreKind.Sqlite
        ? $"CREATE TRIGGER broken BEFORE {when} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, 'no room'); END"
        : $"""
            CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF {condition} THEN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER broken BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION broken()
            """;

    /// <summary>Undoes <see cref="Break"/>.</summary>
    public string Mend(string table) => Kind == StoreKind.Sqlite ? "DROP TRIGGER broken" : $"DROP TRIGGER broken ON {table}; DROP FUNCTION broken()";

    /// <summary>Whether a text is anywhere in the store in the clear: in the bytes of its files, or in a column of a table.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "Names of our own tables.")]
    public async Task<bool> HoldsAsync(string text, CancellationToken cancel)
    {
        if (Kind == StoreKind.Sqlite)
        {
            foreach (var file in new[] { _file, _file + "-wal" }.Where(File.Exists))
            {
                await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var reader = new StreamReader(stream, Encoding.Latin1);
                if ((await reader.ReadToEndAsync(cancel)).Contains(text, StringComparison.Ordinal))
                    return true;
            }

            return false;
        }

        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(cancel);
        // Bytes are shown as hexadecimal digits.
        var tables = connection.Rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'", r => r.GetString(0));
        return tables.Any(table => connection.Count(
            $"""SELECT count(*) FROM "{table}" r WHERE r::text LIKE '%' || @t || '%' OR r::text LIKE '%' || @h || '%'""",
            ("@t", text), ("@h", Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)))) > 0);
    }

    /// <summary>Closes what is still open, and drops a database; a file goes with its folder.</summary>
    public void Delete()
    {
        if (Kind == StoreKind.PostgreSql)
            PostgresServer.Shared.Drop(ConnectionString);
        else
            SqliteConnection.ClearAllPools();
    }
}
