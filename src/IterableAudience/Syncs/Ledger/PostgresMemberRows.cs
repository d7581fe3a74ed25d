using System.Data.Common;
using System.Runtime.InteropServices;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Ledger;

/// <summary>
/// Keeps the changes of a batch and writes them by COPY, if they are new entries, and in three statements. What was there before is read once, and only if somebody asks; nobody
/// else changes the entries meanwhile, since the list is claimed and its sync writes one batch at a time.
/// </summary>
internal sealed class PostgresMemberRows(DbConnection connection, long list, long own, Func<long[]> keyHashes, bool careful) : MemberRows
{
    private static readonly CopyInto News = new("member", "list bigint, connection bigint, key_hash bigint, slot smallint, state smallint, value bytea");

    private static readonly BulkSql Puts = new(
        "",
        """
        INSERT INTO member (list, connection, key_hash, slot, state, value) SELECT @p1, @p2, k, s, t, v FROM unnest(@p3, @p4, @p5, @p6) AS r (k, s, t, v)
        ON CONFLICT (list, connection, key_hash, slot) DO UPDATE SET state = excluded.state, value = excluded.value
        """,
        RowPlaces: 3);

    /// <summary>
    /// The entries of (key, slot). OFFSET 0 says: look each of them up. Of a list that is newer than its statistics the planner believes that it is empty, and would
    /// read all of it for each.
    /// </summary>
    private const string Named =
        """
        SELECT m.ctid FROM unnest(@p3, @p4) AS r (k, s)
        CROSS JOIN LATERAL (SELECT ctid FROM member WHERE list = @p1 AND connection = @p2 AND key_hash = r.k AND slot = r.s OFFSET 0) m
        """;

    private static readonly BulkSql Ends = new(
        "", $"DELETE FROM member WHERE ctid = ANY (ARRAY({Named}))", RowPlaces: 3);

    private static readonly BulkSql Leaves = new(
        "", $"UPDATE member SET state = 3 WHERE ctid = ANY (ARRAY({Named}))", RowPlaces: 3);

    private readonly Dictionary<(long KeyHash, byte Slot), Change> _changes = [];
    private Dictionary<(long KeyHash, byte Slot), EntryState>? _before;

    public override EntryState StateOf(long keyHash, byte slot)
        => _changes.TryGetValue((keyHash, slot), out var change) ? change.State : Before.GetValueOrDefault((keyHash, slot));

    public override void Put(long keyHash, byte slot, EntryState state, ReadOnlySpan<byte> value, bool isNew)
    {
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(_changes, (keyHash, slot), out var exists);
        change = new(state, value.ToArray(), exists ? change.IsNew : isNew && !careful);
    }

    public override EntryState End(long keyHash, byte slot)
    {
        var state = StateOf(keyHash, slot);
        if (state != EntryState.None)
        {
            _changes[(keyHash, slot)] = new(EntryState.None, null, false);
        }

        return state;
    }

    public override void Leave(long keyHash, byte slot)
    {
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(_changes, (keyHash, slot), out _);
        change = change with { State = EntryState.Leaving };
    }

    public override void Finish()
    {
        using var news = BulkStatement.Of(connection, "", News).Bind(1, list).Bind(2, own);
        using var puts = Statement(Puts);
        using var ends = Statement(Ends);
        using var leaves = Statement(Leaves);
        foreach (var ((keyHash, slot), (state, value, isNew)) in _changes)
        {
            var statement = value is not null ? (isNew ? news : puts) : state == EntryState.None ? ends : leaves;
            statement.Bind(3, keyHash).Bind(4, slot);
            if (value is not null)
            {
                statement.Bind(5, (long)state).Bind(6, value);
            }

            statement.Run();
        }

        puts.Finish();
        ends.Finish();
        leaves.Finish();
        _changes.Clear();
    }

    public override void Dispose()
    {
        // nothing is held
    }

    private Dictionary<(long KeyHash, byte Slot), EntryState> Before
        => _before ??= connection.Rows(
            """
            SELECT m.key_hash, m.slot, m.state FROM unnest(@k) AS r (k)
            CROSS JOIN LATERAL (SELECT key_hash, slot, state FROM member WHERE list = @l AND connection = @c AND key_hash = r.k OFFSET 0) m
            """,
            r => (Key: (r.GetInt64(0), (byte)r.GetInt32(1)), State: (EntryState)r.GetInt32(2)), ("@l", list), ("@c", own), ("@k", keyHashes().Distinct().ToArray()))
            .ToDictionary(r => r.Key, r => r.State);

    /// <param name="State">What the entry is by now; none when it has ended.</param>
    /// <param name="Value">What it holds now; null where that doesn't change.</param>
    /// <param name="IsNew">It was not there before.</param>
    private readonly record struct Change(EntryState State, byte[]? Value, bool IsNew);

    private BulkStatement Statement(in BulkSql sql) => BulkStatement.Of(connection, sql).Bind(1, list).Bind(2, own);
}
