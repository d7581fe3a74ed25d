using System.Data.Common;

namespace IterableAudience.Warehouses;

/// <summary>Ends a statement that takes too long, or that nobody wants any more.</summary>
/// <remarks>A driver forgets a cancel that comes before the statement has reached the warehouse: it is said again until the statement has ended.</remarks>
internal sealed class StatementWatch : IDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250);

    private readonly DbCommand _command;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenSource _end;
    private readonly CancellationTokenRegistration _ended;
    private readonly Lock _gate = new();
    private ITimer? _repeat;
    private bool _disposed;

    public StatementWatch(DbCommand command, TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        (_command, _time) = (command, time);
        command.CommandTimeout = 0; // the driver's own would end it with another error
        _limit = new CancellationTokenSource(limit, time);
        _end = CancellationTokenSource.CreateLinkedTokenSource(_limit.Token, cancel);
        _ended = _end.Token.Register(Cancel);
    }

    /// <summary>The time is over.</summary>
    public bool IsOver => _limit.IsCancellationRequested;

    /// <summary>Ends the statement, if it still runs.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _repeat ??= _time.CreateTimer(_ => TryCancel(), null, Again, Again);
            }
        }

        TryCancel();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _repeat?.Dispose();
        }

        _ended.Dispose();
        _end.Dispose();
        _limit.Dispose();
    }

    private void TryCancel()
    {
        try
        {
            _command.Cancel();
        }
#pragma warning disable CA1031 // the connection may be gone already; whoever waits for the statement is told then
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
