using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Tests.Stores;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests;

/// <summary>
/// The real host on a real port, with a store and key ring of its own in a temporary folder that goes with it.
/// <code>
/// await using var host = new TestHost { Settings = { ["Iterable:BaseUrls:US"] = server.Url } };
/// var answer = await host.PostAsync("/v2/accounts", """{ "name": "Acme" }""");
/// answer.ShouldBe(HttpStatusCode.BadRequest);
/// </code>
/// </summary>
public sealed class TestHost : IAsyncDisposable
{
    public const string AdminToken = "test-admin-token-0123456789";
    private readonly Dictionary<string, string> _tokens = new() { ["admin"] = AdminToken };
    private readonly Lazy<Factory> _factory;

    /// <param name="kind">Where the store is; a setting may be changed before the first request only.</param>
    public TestHost(StoreKind kind = StoreKind.Sqlite)
    {
        Folder = Directory.CreateTempSubdirectory("iterable-audience-").FullName;
        Store = new TestStore(kind, Folder);
        Settings = new(Store.Settings)
        {
            ["Security:KeyRing"] = Path.Combine(Folder, "keys"),
            ["Security:AdminToken"] = AdminToken,
            ["Logging:Console"] = "false",
            // Nothing may leave the machine: a test that talks to Iterable names its own server.
            ["Iterable:BaseUrls:US"] = "http://127.0.0.1:9",
            ["Iterable:BaseUrls:EU"] = "http://127.0.0.1:9",
        };
        _factory = new(() =>
        {
            var factory = new Factory(this);
            factory.UseKestrel(0);
            factory.StartServer();
            return factory;
        });
    }

    /// <summary>Settings of the service; change them before the first request.</summary>
    public Dictionary<string, string?> Settings { get; }

    /// <summary>The temporary folder; a store that is a file is in it.</summary>
    public string Folder { get; }

    /// <summary>Set it before the first request and the service lives on this clock.</summary>
    public FakeTimeProvider? Time { get; set; }

    /// <summary>Further changes of services, before the first request.</summary>
    public Action<IServiceCollection>? Services { get; set; }

    /// <summary>Every log line so far, from debug on, with its exception.</summary>
    public LogLines Logs { get; } = new();

    public IServiceProvider Provider => _factory.Value.Services;

    public Uri Address => new(_factory.Value.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    /// <summary>The store of its own; another one may be in the settings.</summary>
    public TestStore Store { get; }

    /// <summary>Makes the service use the store and key ring of another host, which has stopped (SQLite) and is disposed of later.</summary>
    public TestHost On(TestHost other)
    {
        foreach (var (name, value) in other.Store.Settings)
            Settings[name] = value;
        Settings["Security:KeyRing"] = other.Settings["Security:KeyRing"];
        return this;
    }

    /// <summary>Makes the service use the store in a folder.</summary>
    public TestHost On(string folder)
    {
        Settings["ConnectionStrings:Store"] = $"Data Source={Path.Combine(folder, "store.db")}";
        Settings["Security:KeyRing"] = Path.Combine(folder, "keys");
        return this;
    }

    /// <summary>A client without a token.</summary>
    public HttpClient Client() => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address };

    /// <summary>A token of this role: the fixed one for admin, else one that is made for this host.</summary>
    public async Task<string> TokenAsync(string role)
    {
        if (_tokens.TryGetValue(role, out var known))
            return known;
        var answer = await PostAsync("/v2/tokens", $$"""{"name":"{{role}}","role":"{{role}}"}""");
        answer.ShouldBe(HttpStatusCode.Created);
        return _tokens[role] = answer.Text("token");
    }

    public Task<Answer> GetAsync(string path, string? role = "admin") => SendAsync(HttpMethod.Get, path, null, role);

    public Task<Answer> PostAsync(string path, string? json = null, string? role = "admin") => SendAsync(HttpMethod.Post, path, json, role);

    public Task<Answer> PutAsync(string path, string json, string? role = "admin") => SendAsync(HttpMethod.Put, path, json, role);

    public Task<Answer> DeleteAsync(string path, string? role = "admin") => SendAsync(HttpMethod.Delete, path, null, role);

    /// <summary>Sends a JSON body (or none) with the token of a role; null sends no token.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json, string? role = "admin")
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await SendAsync(request, role);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request, string? role = "admin")
    {
        using var client = Client();
        if (role is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(role));
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(response);
    }

    /// <summary>Ends the service; its store stays until the host is disposed of.</summary>
    public async Task StopAsync()
    {
        if (_factory.IsValueCreated)
        {
            await _factory.Value.DisposeAsync();
            // The program disposes of its services on a thread of its own; another host can open the store when that one has let go of it.
            Assert.True(SpinWait.SpinUntil(IsStoreFree, TimeSpan.FromSeconds(30)), "The store is still locked.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Store.Delete();
        SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }

    private bool IsStoreFree()
    {
        var file = Settings["Store:Provider"] == "Sqlite" ? new SqliteConnectionStringBuilder(Settings["ConnectionStrings:Store"]).DataSource + ".lock" : null;
        try
        {
            using var taken = File.Exists(file) ? new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None) : null;
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private sealed class Factory(TestHost host) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            foreach (var (name, value) in host.Settings)
                builder.UseSetting(name, value);
            builder.ConfigureTestServices(services =>
            {
                services.AddSingleton<ILoggerProvider>(host.Logs);
                if (host.Time is { } time)
                    services.AddSingleton<TimeProvider>(time);
                host.Services?.Invoke(services);
            });
        }
    }
}

/// <summary>An answer that has been read to its end.</summary>
public sealed record Answer(HttpStatusCode Status, string? ContentType, string Body, HttpResponseHeaders Headers)
{
    public JsonNode Json => JsonNode.Parse(Body)!;

    /// <summary>The text at a member; dots go deeper, e.g. <c>destination.id</c>.</summary>
    public string Text(string path) => At(path)!.GetValue<string>();

    public JsonNode? At(string path) => path.Split('.').Aggregate((JsonNode?)Json, (node, name) => node![name]);

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
        => new(
            response.StatusCode,
            response.Content.Headers.ContentType?.ToString(),
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            response.Headers);

    public Answer ShouldBe(HttpStatusCode status)
    {
        Assert.True(Status == status, $"Wanted {status}, got {Status}: {Body}");
        return this;
    }

    /// <summary>Checks all that every error answer has, and that its text says <paramref name="says"/>.</summary>
    public Answer ShouldBeProblem(HttpStatusCode status, string says)
    {
        ShouldBe(status);
        Assert.Equal("application/problem+json", ContentType);
        Assert.Equal((int)status, (int)Json["status"]!);
        Assert.NotEmpty(Text("title"));
        Assert.Contains(says, Text("detail"), StringComparison.Ordinal);
        Assert.Equal(Text("detail"), Text("error"));
        Assert.IsType<JsonObject>(Json["errors"]);
        return this;
    }

    /// <summary>Checks a 400 that names exactly these fields.</summary>
    public Answer ShouldRefuse(params string[] fields)
    {
        ShouldBeProblem(HttpStatusCode.BadRequest, "");
        Assert.Equal(fields.Order(), Json["errors"]!.AsObject().Select(e => e.Key).Order());
        return this;
    }

    /// <summary>The messages of one faulty field.</summary>
    public string Fault(string field) => string.Join(' ', Json["errors"]![field]!.AsArray().Select(m => m!.GetValue<string>()));
}

/// <summary>Collects what the service logs.</summary>
public sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public IReadOnlyList<string> All => [.. _lines.Select(l => l.Text)];

    /// <summary>A happy path has none of these.</summary>
    public IReadOnlyList<string> Warnings => [.. _lines.Where(l => l.Level >= LogLevel.Warning).Select(l => l.Text)];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => lines._lines.Enqueue((logLevel, $"{logLevel} {category}: {formatter(state, exception)} {exception}"));
    }
}
