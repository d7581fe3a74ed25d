using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IterableAudience.Store;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Syncs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Hosting;

/// <summary>The service as a process of its own: what stops it from starting is said on standard error, and the exit code is 1.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iterable-audience-").FullName;

    [Fact]
    public async Task A_second_process_on_one_store_refuses_to_start()
    {
        await using var first = new TestHost();
        await first.GetAsync("/health/live", null);
        var (code, error) = await StartAsync(first.Folder);
        Assert.Equal(1, code);
        Assert.Contains("Another process of the service has the store", error, StringComparison.Ordinal);
        (await first.GetAsync("/health/ready", null)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_corrupt_store_stops_the_start_and_is_left_as_it_is()
    {
        var path = Path.Combine(_folder, "store.db");
        var garbage = string.Concat(Enumerable.Repeat("this is no database. ", 500));
        await File.WriteAllTextAsync(path, garbage, TestContext.Current.CancellationToken);
        var (code, error) = await StartAsync(_folder);
        Assert.Equal(1, code);
        Assert.Contains("corrupt or no SQLite database", error, StringComparison.Ordinal);
        Assert.Equal(garbage, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_lost_key_ring_stops_the_start()
    {
        await using (var host = new TestHost().On(_folder))
            await host.GetAsync("/health/live", null);
        Directory.Delete(Path.Combine(_folder, "keys"), recursive: true);
        var (code, error) = await StartAsync(_folder);
        Assert.Equal(1, code);
        Assert.Contains("Security__KeyRing", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Store__Provider", "Oracle", "Store__Provider")]
    [InlineData("ConnectionStrings__Store", "nonsense", "ConnectionStrings__Store")]
    [InlineData("ConnectionStrings__Store", "Data Source=:memory:", "must name a file")]
    [InlineData("ConnectionStrings__Store", "Data Source=/proc/none/store.db", "ConnectionStrings__Store")]
    [InlineData("Security__Certificate", "/nowhere.pfx", "Security__Certificate")]
    [InlineData("Security__FailedSignInsPerMinute", "0", "Security__FailedSignInsPerMinute")]
    [InlineData("Iterable__MaxAttempts", "0", "MaxAttempts")]
    [InlineData("Intake__MaxSilence", "-1", "Intake__MaxSilence")]
    [InlineData("Intake__MaxSilence", "never", "MaxSilence")]
    [InlineData("Retention__Records", "00:30:00", "Retention__Records")]
    [InlineData("Retention__Syncs", "20.00:00:00", "must not be shorter than Retention__Records")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("Documents__LiveExamples", "some", "LiveExamples")]
    [InlineData("ASPNETCORE_URLS", "127.0.0.1:8080", "ASPNETCORE_URLS")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:99999", "ASPNETCORE_URLS")]
    [InlineData("ASPNETCORE_URLS", "ftp://127.0.0.1:8080", "ASPNETCORE_URLS")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:8080/base", "ASPNETCORE_URLS")]
    [InlineData("Iterable__MaxAttempts", "many", "MaxAttempts")]
    public async Task A_bad_setting_stops_the_start(string setting, string value, string says)
    {
        var (code, error) = await StartAsync(_folder, (setting, value));
        Assert.Equal(1, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_ring_is_readable_by_its_owner_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes");
        await using var host = new TestHost();
        await host.GetAsync("/health/live", null);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(host.Folder, "keys")));
    }

    [Theory]
    [StoreData]
    public async Task With_a_certificate_the_key_ring_lives_encrypted_in_the_store_and_another_node_needs_nothing_else(StoreKind store)
    {
        var certificate = await CertificateAsync();
        await using var first = new SyncHost(store);
        Use(first.Host, certificate);
        await first.InitializeAsync();
        var audience = await first.AudienceAsync();
        if (store == StoreKind.Sqlite)
            await first.Host.StopAsync(); // its file is for one process

        // The account's key, which the one has encrypted, the other one sends with.
        await using var second = new SyncHost();
        await second.InitializeAsync();
        Use(second.Host.On(first.Host), certificate);
        second.Host.Settings["Iterable:BaseUrls:US"] = first.Simulator.BaseUrl.ToString();
        second.Host.Settings["Security:KeyRing"] = Path.Combine(_folder, "keys");
        Assert.Equal("completed", (await (audience with { Sync = second }).PushAsync(Row.People(2))).Outcome);
        Assert.Equal("p1@example.com/p1 p2@example.com/p2", audience.Members);

        await using (var db = second.Host.Provider.GetRequiredService<Func<StoreContext>>()())
        {
            var ring = await db.Settings.SingleAsync(s => s.Name.StartsWith("key-ring:"), TestContext.Current.CancellationToken);
            Assert.Contains("EncryptedData", ring.Value, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(Path.Combine(first.Host.Folder, "keys")) || Directory.Exists(Path.Combine(_folder, "keys")));
        await second.Host.StopAsync();
        var (code, error) = await StartAsync(_folder, ("Store__Provider", store.ToString()), ("ConnectionStrings__Store", first.Host.Store.ConnectionString));
        Assert.Equal(1, code);
        Assert.Contains("another key ring", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_keeps_accounts_and_tokens()
    {
        string account;
        await using (var host = new TestHost().On(_folder))
        {
            account = (await host.PostAsync("/v2/accounts", """
                {"name":"A","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY","options":{"dataCenter":"US","projectType":"hybrid"},"secret":{"apiKey":"k"}}
                """)).ShouldBe(HttpStatusCode.Created).Text("id");
        }

        await using var again = new TestHost().On(_folder);
        (await again.GetAsync($"/v2/accounts/{account}")).ShouldBe(HttpStatusCode.OK);
        Assert.Empty(again.Logs.Warnings);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Use(TestHost host, string certificate)
    {
        host.Settings["Security:Certificate"] = certificate;
        host.Settings["Security:CertificatePassword"] = "secret";
    }

    private async Task<string> CertificateAsync()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(80));
        var path = Path.Combine(_folder, "ring.pfx");
        await File.WriteAllBytesAsync(path, certificate.Export(X509ContentType.Pfx, "secret"), TestContext.Current.CancellationToken);
        return path;
    }

    private static async Task<(int Code, string Error)> StartAsync(string folder, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["ConnectionStrings__Store"] = $"Data Source={Path.Combine(folder, "store.db")}";
        start.Environment["Security__KeyRing"] = Path.Combine(folder, "keys");
        start.Environment["Security__AdminToken"] = TestHost.AdminToken;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        await output;
        return (process.ExitCode, await error);
    }
}
