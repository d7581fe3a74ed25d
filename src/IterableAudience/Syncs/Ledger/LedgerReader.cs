using System.Data.Common;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Reads the ledger of one list for planning. The list is claimed meanwhile, so what is read stays true until the sync itself changes it.
/// Who is going to ask for many keys or holders says so first: a store that is far away then reads them at once.
/// </summary>
internal sealed class LedgerReader : IDisposable
{
    private const string Columns = "SELECT connection, key_hash, slot, state, value FROM member WHERE list = @l AND connection = @c AND ";

    private readonly DbCommand _byKey;
    private readonly DbCommand _range;
    private readonly DbCommand _leaving;
    private readonly DbCommand _holders;
    private readonly DbConnection _connection;
    private readonly long _list;
    private readonly long _own;
    private readonly Dictionary<long, List<LedgerEntry>> _expectedKeys = [];
    private readonly Dictionary<long, List<LedgerEntry>> _expectedHolders = [];
    private (long Members, long Maybes, long Leaving)? _counts;

    /// <param name="connection">An open connection, for reading only.</param>
    /// <param name="list">The list.</param>
    /// <param name="ownConnection">The connection whose keys are read; holders are read for all of them.</param>
    public LedgerReader(DbConnection connection, long list, long ownConnection)
    {
        _connection = connection;
        _list = list;
        _own = ownConnection;
        _byKey = connection.Command(Columns + "key_hash = @k", "@l", "@c", "@k");
        _range = connection.Command(Columns + "key_hash BETWEEN @a AND @b ORDER BY key_hash, slot", "@l", "@c", "@a", "@b");
        _leaving = connection.Command(Columns + "state = 3 AND key_hash BETWEEN @a AND @b ORDER BY key_hash", "@l", "@c", "@a", "@b");
        _holders = connection.Command("SELECT DISTINCT connection, key_hash FROM holder WHERE list = @l AND hash = @h", "@l", "@h");
    }

    /// <summary>Member, maybe and leaving entries of a connection on the list.</summary>
    public static (long Members, long Maybes, long Leaving) Counts(DbConnection connection, long list, long ofConnection)
    {
        using var command = connection.Command("SELECT members, maybes, leaving FROM ledger_count WHERE list = @l AND connection = @c", "@l", "@c");
        using var reader = command.Query(list, ofConnection);
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)) : default;
    }

    /// <summary>As they are when the ledger is read first.</summary>
    public (long Members, long Maybes, long Leaving) Counts() => _counts ??= Counts(_connection, _list, _own);

    /// <summary>These keys will be asked for, and no others.</summary>
    public void ExpectKeys(IEnumerable<long> keyHashes)
    {
        if (_connection.IsRemote())
        {
            Expect(
                _expectedKeys,
                keyHashes,
                """
                SELECT m.connection, m.key_hash, m.slot, m.state, m.value FROM unnest(@k) AS r (k)
                CROSS JOIN LATERAL (SELECT connection, key_hash, slot, state, value FROM member WHERE list = @l AND connection = @c AND key_hash = r.k OFFSET 0) m
                ORDER BY m.slot
                """,
                r => r.GetInt64(1),
                ("@l", _list),
                ("@c", _own));
        }
    }

    /// <summary>The holders of these identities will be asked for, and no others.</summary>
    /// <param name="hashes">See <see cref="KeyedHash.Short"/>.</param>
    public void ExpectHolders(IEnumerable<long> hashes)
    {
        if (_connection.IsRemote())
        {
            // OFFSET 0 says: look each of them up. Of a list that is newer than its statistics the planner believes that it is empty, and would join all with all.
            Expect(
                _expectedHolders,
                hashes,
                """
                SELECT m.connection, m.key_hash, m.slot, m.state, m.value, h.hash FROM unnest(@k) AS r (hash)
                CROSS JOIN LATERAL (SELECT DISTINCT connection, key_hash, hash FROM holder WHERE list = @l AND hash = r.hash OFFSET 0) h
                CROSS JOIN LATERAL (
                  SELECT connection, key_hash, slot, state, value FROM member
                  WHERE list = @l AND connection = h.connection AND key_hash = h.key_hash OFFSET 0) m
                ORDER BY m.connection, m.key_hash, m.slot
                """,
                r => r.GetInt64(5),
                ("@l", _list));
        }
    }

    /// <summary>All entries of a key (and of keys that collide with it: compare the key).</summary>
    public void OfKey(long keyHash, List<LedgerEntry> into)
    {
        if (!TakeExpected(_expectedKeys, keyHash, into))
        {
            Read(_byKey.Query(_list, _own, keyHash), into);
        }
    }

    /// <summary>All entries in a range of key hashes, ends included, in order.</summary>
    public void OfRange(long from, long to, List<LedgerEntry> into) => Read(_range.Query(_list, _own, from, to), into);

    /// <summary>The leaving entries in a range of key hashes.</summary>
    public void LeavingOfRange(long from, long to, List<LedgerEntry> into) => Read(_leaving.Query(_list, _own, from, to), into);

    /// <summary>Entries, of any connection, whose identity has this hash; a caller compares the value itself.</summary>
    public void Holders(UInt128 identityHash, List<LedgerEntry> into)
    {
        if (TakeExpected(_expectedHolders, KeyedHash.Short(identityHash), into))
        {
            return;
        }

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

    private void Expect(
        Dictionary<long, List<LedgerEntry>> expected, IEnumerable<long> hashes, string sql, Func<DbDataReader, long> hashOf, params ReadOnlySpan<(string, object?)> parameters)
    {
        expected.Clear();
        foreach (var hash in hashes)
        {
            expected[hash] = [];
        }

        foreach (var (hash, entry) in expected.Count == 0 ? [] : _connection.Rows(sql, r => (hashOf(r), Entry(r)), [.. parameters, ("@k", expected.Keys.ToArray())]))
        {
            expected[hash].Add(entry);
        }
    }

    private static bool TakeExpected(Dictionary<long, List<LedgerEntry>> expected, long hash, List<LedgerEntry> into)
    {
        if (!expected.TryGetValue(hash, out var known))
        {
            return false;
        }

        into.AddRange(known);
        return true;
    }

    private static void Read(DbDataReader reader, List<LedgerEntry> into)
    {
        using (reader)
        {
            while (reader.Read())
            {
                into.Add(Entry(reader));
            }
        }
    }

    private static LedgerEntry Entry(DbDataReader reader)
        => LedgerEntry.Decode(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2), (EntryState)reader.GetInt32(3), reader.Blob(4));
}
