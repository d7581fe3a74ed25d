using System.Data.Common;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace IterableAudience.Tests.Syncs;

/// <summary>
/// Stops a request of the service where it has looked at everything and not written yet, or has written and not committed: whoever comes meanwhile comes in
/// between. Arm it, send the request, wait for its arrival; whatever comes then goes by.
/// </summary>
internal sealed class Brink : DbCommandInterceptor, IDbTransactionInterceptor
{
    private TaskCompletionSource _arrived = Source();
    private TaskCompletionSource _released = Source();
    private TaskCompletionSource _next = Source();
    private int _begin;
    private int _commit;

    /// <summary>A request has come to the brink and waits there.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>Another one has come to its first write since, and was let through.</summary>
    public Task Next => _next.Task;

    /// <summary>Makes the service of a host pass here.</summary>
    public void Watch(SyncHost sync)
    {
        var others = sync.Host.Services!;
        sync.Host.Services = services =>
        {
            others(services);
            services.ConfigureDbContext<SqliteStoreContext>(o => o.AddInterceptors(this));
            services.ConfigureDbContext<PostgresStoreContext>(o => o.AddInterceptors(this));
        };
    }

    /// <summary>The next request stops before its first write; or, with <paramref name="atCommit"/>, before its first commit.</summary>
    public void Arm(bool atCommit = false)
    {
        (_arrived, _released, _next) = (Source(), Source(), Source());
        (_begin, _commit) = atCommit ? (0, 1) : (1, 0);
    }

    public void Release() => _released.TrySetResult();

    public async ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
        DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result, CancellationToken cancellationToken = default)
    {
        await BeginAsync();
        return result;
    }

    public async ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _commit, 0) == 1)
            await StopAsync();
        return result;
    }

    public override async ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (IsWriteOfItsOwn(command))
            await BeginAsync();
        return result;
    }

    public override async ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        if (IsWriteOfItsOwn(command))
            await BeginAsync();
        return result;
    }

    private static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static bool IsWriteOfItsOwn(DbCommand command)
        => command.Transaction is null
            && (command.CommandText.Contains("UPDATE ", StringComparison.Ordinal) || command.CommandText.Contains("INSERT INTO", StringComparison.Ordinal));

    private async Task BeginAsync()
    {
        if (Interlocked.Exchange(ref _begin, 0) == 1)
            await StopAsync();
        else if (_arrived.Task.IsCompleted)
            _next.TrySetResult();
    }

    private async Task StopAsync()
    {
        _arrived.TrySetResult();
        await _released.Task;
    }
}
