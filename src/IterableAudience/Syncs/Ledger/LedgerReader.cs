using IterableAudience.Store;
using Microsoft.Data.Sqlite;

namespace IterableAudience.Syncs.Ledger;

/// <summary>Reads the ledger of one list for planning. The list is claimed meanwhile, so what is read stays true until the sync itself changes it.</summary>
internal sealed class LedgerReader : IDisposable
{
    private readonly SqliteCommand _byKey;
    private readonly SqliteCommand _range;
    private readonly SqliteCommand _leaving;
    private readonly SqliteCommand _holders;
    private readonly SqliteConnection _connection;
    private readonly long _list;
    private readonly long _own;

    /// <param name="connection">An open connection, for reading only.</param>
    /// <param name="list">The list.</param>
    /// <param name="ownConnection">The connection whose keys are read; holders are read for all of them.</param>
    public LedgerReader(SqliteConnection connection, long list, long ownConnection)
    {
        _connection = connection;
        _list = list;
        _own = ownConnection;
        const string columns = "SELECT connection, key_hash, slot, state, value FROM member WHERE list = @l AND connection = @c AND ";
        _byKey = connection.Command(columns + "key_hash = @k", "@l", "@c", "@k");
        _range = connection.Command(columns + "key_hash BETWEEN @a AND @b ORDER BY key_hash, slot", "@l", "@c", "@a", "@b");
        _leaving = connection.Command(columns + "state = 3 AND key_hash BETWEEN @a AND @b ORDER BY key_hash", "@l", "@c", "@a", "@b");
        _holders = connection.Command("SELECT connection, key_hash FROM holder WHERE list = @l AND hash = @h", "@l", "@h");
    }

    /// <summary>Member, maybe and leaving entries of a connection on the list.</summary>
    public static (long Members, long Maybes, long Leaving) Counts(SqliteConnection connection, long list, long ofConnection)
    {
        using var command = connection.Command("SELECT members, maybes, leaving FROM ledger_count WHERE list = @l AND connection = @c", "@l", "@c");
        using var reader = command.Query(list, ofConnection);
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)) : default;
    }

    public (long Members, long Maybes, long Leaving) Counts() => Counts(_connection, _list, _own);

    /// <summary>All entries of a key (and of keys that collide with it: compare the key).</summary>
    public void OfKey(long keyHash, List<LedgerEntry> into) => Read(_byKey.Query(_list, _own, keyHash), into);

    /// <summary>All entries in a range of key hashes, ends included, in order.</summary>
    public void OfRange(long from, long to, List<LedgerEntry> into) => Read(_range.Query(_list, _own, from, to), into);

    /// <summary>The leaving entries in a range of key hashes.</summary>
    public void LeavingOfRange(long from, long to, List<LedgerEntry> into) => Read(_leaving.Query(_list, _own, from, to), into);

    /// <summary>Entries, of any connection, whose identity has this hash; a caller compares the value itself.</summary>
    public void Holders(UInt128 identityHash, List<LedgerEntry> into)
    {
        List<(long Connection, long KeyHash)> found = [];
        using (var reader = _holders.Query(_list, KeyedHash.Short(identityHash)))
        {
            while (reader.Read())
            {
                found.Add((reader.GetInt64(0), reader.GetInt64(1)));
            }
        }

        foreach (var (connection, keyHash) in found)
        {
            Read(_byKey.Query(_list, connection, keyHash), into);
        }
    }

    public void Dispose()
    {
        _byKey.Dispose();
        _range.Dispose();
        _leaving.Dispose();
        _holders.Dispose();
    }

    private static void Read(SqliteDataReader reader, List<LedgerEntry> into)
    {
        using (reader)
        {
            while (reader.Read())
            {
                into.Add(LedgerEntry.Decode(
                    reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2), (EntryState)reader.GetByte(3), reader.Blob(4)));
            }
        }
    }
}
