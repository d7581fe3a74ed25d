using IterableAudience.Store;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Syncs.Ledger;

/// <inheritdoc/>
internal sealed class SqliteMemberRows(SqliteConnection connection, long list, long own) : MemberRows
{
    // Held back a few at a time: whatever else is asked or changed comes after what was put before it.
    private readonly BulkStatement _put = new SqliteRowsStatement(
        connection,
        """
        INSERT INTO member (list, connection, key_hash, slot, state, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (list, connection, key_hash, slot) DO UPDATE SET state = excluded.state, value = excluded.value
        """,
        rowPlaces: 3).Bind(1, list).Bind(2, own);

    private SqliteBulkStatement? _end;
    private SqliteBulkStatement? _leave;
    private SqliteBulkStatement? _state;

    public override EntryState StateOf(long keyHash, byte slot)
        => (EntryState)AfterPuts(_state ??= OfEntry("SELECT state FROM member")).Bind(3, keyHash).Bind(4, slot).RunForNumber();

    public override void Put(long keyHash, byte slot, EntryState state, ReadOnlySpan<byte> value, bool isNew)
        => _put.Bind(3, keyHash).Bind(4, slot).Bind(5, (long)state).Bind(6, value).Run();

    public override EntryState End(long keyHash, byte slot)
        => (EntryState)AfterPuts(_end ??= OfEntry("DELETE FROM member", " RETURNING state")).Bind(3, keyHash).Bind(4, slot).RunForNumber();

    public override void Leave(long keyHash, byte slot)
        => AfterPuts(_leave ??= OfEntry("UPDATE member SET state = 3")).Bind(3, keyHash).Bind(4, slot).Run();

    public override void Finish() => _put.Finish();

    public override void Dispose()
    {
        _put.Dispose();
        _end?.Dispose();
        _leave?.Dispose();
        _state?.Dispose();
    }

    private SqliteBulkStatement AfterPuts(SqliteBulkStatement statement)
    {
        _put.Finish();
        return statement;
    }

    private SqliteBulkStatement OfEntry(string what, string then = "")
        => Statement(connection, list, own, $"{what} WHERE list = ?1 AND connection = ?2 AND key_hash = ?3 AND slot = ?4{then}");

    private static SqliteBulkStatement Statement(SqliteConnection connection, long list, long own, string sql)
        => new SqliteBulkStatement(connection, sql).Bind(1, list).Bind(2, own);
}
