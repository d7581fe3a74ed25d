using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IterableAudience.Warehouses.Postgres;

/// <summary>PostgreSQL, and what speaks its language.</summary>
internal sealed class PostgresWarehouse(IOptions<SourcesOptions> options, TimeProvider time) : IWarehouse
{
    /// <summary>For reaching the server.</summary>
    private const int ConnectSeconds = 10;

    public string Name => "postgres";

    public string AccountDefinition => "SOURCE_POSTGRES";

    public LoginCheck Check(JsonObject options, JsonObject secret)
        => LoginReader.Check(options, secret, new PostgresOptions.Rules(), new PostgresSecret.Rules(), o => o.Normalized());

    public async Task<WarehouseSession> OpenAsync(WarehouseLogin login, SessionMode mode, CancellationToken cancel)
    {
        var connection = new NpgsqlConnection(ConnectionString(login));
        try
        {
            await connection.OpenAsync(cancel);
            var session = new PostgresSession(connection, options.Value.StatementTimeout, time);
            session.Begin(mode, cancel);
            return session;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (e is OperationCanceledException && cancel.IsCancellationRequested)
            {
                throw;
            }

            throw PostgresErrors.Explain(e) ?? e;
        }
    }

    /// <summary>No pool: what one session has set must not meet the next one.</summary>
    private static string ConnectionString(WarehouseLogin login)
    {
        var to = login.Options.As<PostgresOptions>();
        return new NpgsqlConnectionStringBuilder
        {
            Host = to.Host,
            Port = to.Port!.Value,
            Database = to.Dbname,
            Username = to.User,
            Password = login.Secret.As<PostgresSecret>().Password,
            SslMode = SslModeOf(to.SslMode!),
            Pooling = false,
            Timeout = ConnectSeconds,
            CommandTimeout = 0,
            TcpKeepAlive = true,
            KeepAlive = 30,
            ApplicationName = "iterable-audience",
            IncludeErrorDetail = false,
        }.ToString();
    }

    private static SslMode SslModeOf(string word) => word switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => SslMode.Prefer,
    };
}
