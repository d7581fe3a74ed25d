using System.Data.Common;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;

namespace IterableAudience.Syncs.Send;

/// <summary>
/// The batches of one sync. Those that the plan cut belong to the sync that was planned (an approval runs another sync's plan);
/// those cut from answers, and all results, belong to the sync itself.
/// </summary>
internal sealed class BatchStore(LeanStore store, long sync, long planSync)
{
    /// <summary>Results that were there when this process began to work on the sync, and those that it has recorded since: none may be missing when the sync closes.</summary>
    private long _recorded;

    public long Sync => sync;

    public void Recorded(long results) => Interlocked.Add(ref _recorded, results);

    /// <summary>Whether each result that was recorded is there.</summary>
    public bool HasAll(DbConnection connection)
        => connection.Count("SELECT count(*) FROM result WHERE sync = @s", ("@s", sync)) >= Interlocked.Read(ref _recorded);

    public long OwnerOf(Stage stage)
        => stage is Stage.UnsubscribeByEmail or Stage.RetryConflicts or Stage.UnsubscribeReplaced or Stage.UnsubscribeReplacedByEmail ? sync : planSync;

    /// <summary>Numbers of the batches of a stage that have no result yet, in order.</summary>
    public List<int> Pending(Stage stage)
        => store.Read(c => WithoutResult(c, stage, "SELECT n FROM batch WHERE sync = @s AND stage = @g", OwnerOf(stage)));

    /// <summary>Of those without a result, the ones of which a request may have gone out.</summary>
    public List<int> Started(Stage stage)
        => store.Read(c => WithoutResult(c, stage, "SELECT n FROM started WHERE sync = @s AND stage = @g", sync));

    /// <summary>Number of operations of a stage that have an answer.</summary>
    public long Answered(Stage stage)
        => store.Read(c => c.Count(
            "SELECT sum(b.operations) FROM batch b JOIN result r ON r.stage = b.stage AND r.n = b.n WHERE b.sync = @o AND r.sync = @s AND b.stage = @g",
            ("@o", OwnerOf(stage)), ("@s", sync), ("@g", (int)stage)));

    /// <summary>Number of batches of a stage.</summary>
    public int Count(Stage stage)
        => (int)store.Read(c => c.Count("SELECT count(*) FROM batch WHERE sync = @o AND stage = @g", ("@o", OwnerOf(stage)), ("@g", (int)stage)));

    public Batch Load(Stage stage, int number) => store.Read(c => Load(c, stage, number));

    public Batch Load(DbConnection connection, Stage stage, int number)
        => connection.Rows(
            "SELECT ords, blob FROM batch WHERE sync = @o AND stage = @g AND n = @n",
            r => new Batch(stage, number, r.Blob(0), r.Blob(1)),
            ("@o", OwnerOf(stage)), ("@g", (int)stage), ("@n", number)).Single();

    /// <summary>The operations of a batch as they are stored.</summary>
    public byte[] Blob(DbConnection connection, Stage stage, int number)
        => connection.Rows(
            "SELECT blob FROM batch WHERE sync = @o AND stage = @g AND n = @n", r => r.Blob(0), ("@o", OwnerOf(stage)), ("@g", (int)stage), ("@n", number)).Single();

    /// <summary>Outcome and reason of each operation of a batch, two bytes each; null when it has no result.</summary>
    public byte[]? Result(DbConnection connection, Stage stage, int number)
        => connection.Rows(
            "SELECT blob FROM result WHERE sync = @s AND stage = @g AND n = @n", r => r.Blob(0), ("@s", sync), ("@g", (int)stage), ("@n", number)).FirstOrDefault();

    /// <summary>Operations and results of some batches; a store that is far away is asked once.</summary>
    public IEnumerable<(int Number, byte[] Ords, byte[]? Result)> Answers(DbConnection connection, Stage stage, int[] numbers)
        => numbers.Length == 0 ? []
            : !connection.IsRemote() ? numbers.Select(n => (n, Ords(connection, stage, n), Result(connection, stage, n)))
            : connection.Rows(
                """
                SELECT k.n, b.ords, r.blob FROM unnest(@k) AS k (n)
                CROSS JOIN LATERAL (SELECT ords FROM batch WHERE sync = @o AND stage = @g AND n = k.n OFFSET 0) b
                LEFT JOIN LATERAL (SELECT blob FROM result WHERE sync = @s AND stage = @g AND n = k.n OFFSET 0) r ON TRUE
                """,
                r => (r.GetInt32(0), r.Blob(1), r.IsDBNull(2) ? null : r.Blob(2)), ("@o", OwnerOf(stage)), ("@s", sync), ("@g", (int)stage), ("@k", numbers));

    /// <summary>First operation of each batch of a stage, to find an operation by its name.</summary>
    public OpRef[] Starts(DbConnection connection, Stage stage)
        => [.. connection.Rows(
            "SELECT substr(ords, 1, 6) FROM batch WHERE sync = @o AND stage = @g ORDER BY n",
            r => Batch.RefAt(r.Blob(0), 0), ("@o", OwnerOf(stage)), ("@g", (int)stage))];

    public byte[] Ords(DbConnection connection, Stage stage, int number)
        => connection.Rows(
            "SELECT ords FROM batch WHERE sync = @o AND stage = @g AND n = @n", r => r.Blob(0), ("@o", OwnerOf(stage)), ("@g", (int)stage), ("@n", number)).Single();

    /// <summary>Two plain reads and no join: of a sync that is newer than its statistics PostgreSQL believes that it has a batch or two.</summary>
    private List<int> WithoutResult(DbConnection connection, Stage stage, string sql, long owner)
    {
        var done = connection.Rows("SELECT n FROM result WHERE sync = @s AND stage = @g", r => r.GetInt32(0), ("@s", sync), ("@g", (int)stage)).ToHashSet();
        var open = connection.Rows(sql, r => r.GetInt32(0), ("@s", owner), ("@g", (int)stage)).FindAll(n => !done.Contains(n));
        open.Sort();
        return open;
    }
}
