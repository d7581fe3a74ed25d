using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Npgsql;

namespace IterableAudience.Store;

/// <summary>
/// The store on a PostgreSQL server, which several nodes may share. Every write is a transaction on a connection of its own; those of one claimed
/// sync come one after the other, here by a queue (<see cref="PostgresClaimedStore"/>) and between nodes by an advisory lock, so that a batch's answer is
/// recorded as if it were alone. Writes of different syncs don't wait for each other.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore that nobody waits for by handle holds nothing, and writes may outlive the service's container.")]
internal sealed class PostgresStore(NpgsqlDataSource source) : LeanStore
{
    /// <summary>Writes that run at the same time; a sync has one. More would only wait inside the server.</summary>
    private const int MaxWriters = 16;

    /// <summary>The first half of the advisory lock of a sync; the second is its number.</summary>
    public const int ClaimLock = 0x17e7_ab1e;

    private readonly SemaphoreSlim _writers = new(MaxWriters);
    private volatile string? _trouble;

    /// <inheritdoc/>
    public override string? Trouble => _trouble;

    /// <inheritdoc/>
    public override bool MayForget => true;

    /// <inheritdoc/>
    public override async Task<T> WriteAsync<T>(Func<DbConnection, T> work, bool durable, CancellationToken cancel)
    {
        using var timing = StoreTelemetry.Come(durable);
        await _writers.WaitAsync(cancel);
        try
        {
            timing.Begin();
            // Off the caller's thread: the work waits for the server's answers.
            T? result = default;
            await Task.Run(() => Write(null, c => result = work(c), durable), CancellationToken.None);
            return result!;
        }
        finally
        {
            _writers.Release();
        }
    }

    /// <inheritdoc/>
    public override DbConnection OpenRead() => Open();

    /// <inheritdoc/>
    public override LeanStore For(SyncClaim claim) => new PostgresClaimedStore(this, claim);

    /// <summary>Runs writes as soon as there are not too many others.</summary>
    internal async Task InTurnAsync(Action writes)
    {
        await _writers.WaitAsync();
        try
        {
            writes();
        }
        finally
        {
            _writers.Release();
        }
    }

    private NpgsqlConnection Open()
    {
        try
        {
            return source.OpenConnection();
        }
        catch (SocketException e)
        {
            throw new NpgsqlException("The server's name can't be resolved.", e); // the driver lets it through as it is
        }
    }

    /// <summary>One transaction; see <see cref="LeanStore.WriteAsync{T}"/>.</summary>
    internal void Write(SyncClaim? claim, Action<DbConnection> work, bool durable)
    {
        try
        {
            using var connection = Open();
            using var transaction = connection.BeginTransaction();
            Prepare(connection, claim, durable);
            using (var pending = PostgresPending.Begin(connection))
            {
                work(connection);
                pending.Finish();
            }

            transaction.Commit();
            _trouble = null;
        }
        catch (DbException e) when (!e.IsOfTheStatement())
        {
            _trouble = StoreErrors.Explain(e);
            throw;
        }
    }

    /// <summary>One round trip: how the commit reaches the disk, and whether the claim is still ours. The lock ends with the transaction.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "Made of constants.")]
    private static void Prepare(NpgsqlConnection connection, SyncClaim? claim, bool durable)
    {
        using var batch = connection.CreateBatch();
        if (!durable)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SET LOCAL synchronous_commit = off"));
        }

        if (claim is { } held)
        {
            // In this order: by the time the second one reads, whoever took the sync over has committed that, or waits for us.
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"SELECT pg_advisory_xact_lock({ClaimLock}, $1)") { Parameters = { new() { Value = (int)held.Sync } } });
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT \"ClaimEpoch\" FROM sync WHERE \"No\" = $1") { Parameters = { new() { Value = held.Sync } } });
        }

        if (batch.BatchCommands.Count == 0)
        {
            return;
        }

        using var reader = batch.ExecuteReader();
        long? epoch = null;
        do
        {
            while (reader.Read())
            {
                epoch = reader.GetFieldType(0) == typeof(long) ? reader.GetInt64(0) : null;
            }
        }
        while (reader.NextResult());

        if (claim is { } asked && epoch != asked.Epoch)
        {
            throw new ClaimLostException(asked.Sync);
        }
    }
}
