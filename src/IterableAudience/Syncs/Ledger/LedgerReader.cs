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
    private readonly HolderIndex _holders;
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
        _holders = new HolderIndex(connection, list);
    }

    /// <summary>Member, maybe and leaving entries of a connection on the list.</summary>
    public static (long Members, long Maybes, long Leaving) Counts(DbConnection connection, long list, long ofConnection)
    {
        using var command = connection.Command("SELECT members, maybes, leaving FROM ledger_count WHERE list = @l AND connection = @c", "@l", "@c");
        using var reader = command.Query(list, ofConnection);
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)) : default;
    }

    /// <summary>Those of some keys that have any entry.</summary>
    public static HashSet<long> KeysThatExist(DbConnection connection, long list, long ofConnection, IEnumerable<long> keyHashes)
    {
        long[] asked = [.. keyHashes.Distinct().Order()];
        if (asked.Length > 0 && connection.IsRemote())
        {
            return [.. connection.Rows(
                """
                SELECT r.k FROM unnest(@k) AS r (k)
                CROSS JOIN LATERAL (SELECT 1 FROM member WHERE list = @l AND connection = @c AND key_hash = r.k OFFSET 0) m
                """,
                r => r.GetInt64(0),
                ("@k", asked), ("@l", list), ("@c", ofConnection))];
        }

        using var command = connection.Command("SELECT 1 FROM member WHERE list = @l AND connection = @c AND key_hash = @k LIMIT 1", "@l", "@c", "@k");
        return [.. asked.Where(key =>
        {
            using var reader = command.Query(list, ofConnection, key);
            return reader.Read();
        })];
    }

    /// <summary>As they are when the ledger is read first.</summary>
    public (long Members, long Maybes, long Leaving) Counts() => _counts ??= Counts(_connection, _list, _own);

    /// <summary>These keys will be asked for, and no others.</summary>
    public void ExpectKeys(IEnumerable<long> keyHashes)
    {
        if (!_connection.IsRemote())
        {
            return;
        }

        _expectedKeys.Clear();
        foreach (var (key, entries) in EntriesOf([.. keyHashes.Distinct().Select(k => (_own, k))]))
        {
            _expectedKeys[key.KeyHash] = entries;
        }
    }

    /// <summary>The holders of these identities will be asked for, and no others.</summary>
    /// <param name="hashes">See <see cref="KeyedHash.Short"/>.</param>
    public void ExpectHolders(IReadOnlyCollection<long> hashes)
    {
        if (!_connection.IsRemote())
        {
            return;
        }

        _expectedHolders.Clear();
        foreach (var hash in hashes)
        {
            _expectedHolders[hash] = [];
        }

        var found = _holders.FindAll(_expectedHolders.Keys);
        var entries = EntriesOf([.. found.Select(f => (f.Connection, f.KeyHash)).Distinct()]);
        foreach (var (hash, connection, keyHash) in found)
        {
            _expectedHolders[hash].AddRange(entries[(connection, keyHash)]);
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

        foreach (var (connection, keyHash) in _holders.Find(KeyedHash.Short(identityHash)))
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

    /// <summary>The entries of keys of several connections, asked for at once.</summary>
    private Dictionary<(long Connection, long KeyHash), List<LedgerEntry>> EntriesOf(IReadOnlyList<(long Connection, long KeyHash)> keys)
    {
        var entries = keys.ToDictionary(k => k, _ => new List<LedgerEntry>());
        if (keys.Count > 0)
        {
            // OFFSET 0 says: look each of them up. Of a list that is newer than its statistics the planner believes that it is empty, and would join all with all.
            foreach (var entry in _connection.Rows(
                """
                SELECT m.connection, m.key_hash, m.slot, m.state, m.value FROM unnest(@c, @k) AS r (c, k)
                CROSS JOIN LATERAL (
                  SELECT connection, key_hash, slot, state, value FROM member WHERE list = @l AND connection = r.c AND key_hash = r.k OFFSET 0) m
                ORDER BY m.slot
                """,
                Entry,
                ("@c", keys.Select(k => k.Connection).ToArray()), ("@k", keys.Select(k => k.KeyHash).ToArray()), ("@l", _list)))
            {
                entries[(entry.Connection, entry.KeyHash)].Add(entry);
            }
        }

        return entries;
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
