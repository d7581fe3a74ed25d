using IterableAudience.Store;
using Npgsql;

namespace IterableAudience.Tests.Stores;

/// <summary>A PostgreSQL server that loses what was committed without waiting for its log, if it crashes within ten seconds after <see cref="Begin"/>.</summary>
public sealed class ForgetfulServer : IDisposable
{
    private readonly Lazy<PostgresServer> _server = new(() => new PostgresServer(
        """
        wal_writer_delay=10s
        wal_writer_flush_after=1GB
        checkpoint_timeout=1h
        bgwriter_lru_maxpages=0
        """));

    private string _database = "";

    public string NewStore() => _database = _server.Value.NewStore();

    /// <summary>Wakes the server's log writer: it sleeps ten seconds from now on.</summary>
    public void Begin()
    {
        using var connection = new NpgsqlConnection(_database + ";Pooling=false");
        connection.Open();
        connection.Run("SELECT pg_reload_conf()");
    }

    /// <summary>The server crashes and comes back.</summary>
    public void Crash()
    {
        _server.Value.Stop("immediate");
        _server.Value.Start();
    }

    public void Dispose()
    {
        if (_server.IsValueCreated)
            _server.Value.Dispose();
    }
}
