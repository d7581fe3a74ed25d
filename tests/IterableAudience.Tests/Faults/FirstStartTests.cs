using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>The program as it is built, with nothing set but where it listens.</summary>
public sealed partial class FirstStartTests : ProcessTest
{
    private static readonly Dictionary<string, string> Bare = new() { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0", ["Security__AdminToken"] = "" };

    [Fact]
    public async Task The_first_start_prints_an_admin_token_once_and_keeps_only_its_hash()
    {
        var first = Own(ServiceProcess.Start(Folder, Bare));
        await first.ReadyAsync();
        var line = Assert.Single(first.Output, l => l.Contains("token", StringComparison.OrdinalIgnoreCase));
        var token = Token().Match(line).Groups[1].Value;
        Assert.InRange(token.Length, 32, 200);
        await CanSignInAsync(first, token);
        using var admin = Client(first, token);
        using var account = await admin.PostAsync("/v2/accounts", new StringContent("""
            { "name": "Iterable", "accountDefinitionName": "DESTINATION_ITERABLE_AUDIENCE_API_KEY",
              "options": { "dataCenter": "US", "projectType": "hybrid" }, "secret": { "apiKey": "key-of-first-start" } }
            """, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        Assert.Equal(201, (int)account.StatusCode);
        Assert.Equal(0, await first.StopAsync());

        var second = Watch(ServiceProcess.Start(Folder, Bare));
        await second.ReadyAsync();
        Assert.DoesNotContain(second.Output.Concat(second.Error), l => l.Contains("token", StringComparison.OrdinalIgnoreCase));
        await CanSignInAsync(second, token);
        Assert.Equal(0, await second.StopAsync());

        Assert.Single(first.Output.Concat(first.Error), l => l.Contains(token, StringComparison.Ordinal));
        Assert.DoesNotContain(first.Output.Concat(first.Error), l => l.Contains("key-of-first-start", StringComparison.Ordinal));
        var files = Directory.GetFiles(Path.Combine(Folder, "data"), "*", SearchOption.AllDirectories);
        Assert.Contains(files, f => f.EndsWith("iterable-audience.db", StringComparison.Ordinal));
        foreach (var file in files)
        {
            var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            foreach (var secret in new[] { token, "key-of-first-start" })
                Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, $"{Path.GetFileName(file)} holds a secret");
        }
    }

    private static HttpClient Client(ServiceProcess service, string token)
        => new() { BaseAddress = service.Address, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };

    private static async Task CanSignInAsync(ServiceProcess service, string token)
    {
        using var client = Client(service, token);
        using var answer = await client.GetAsync("/v2/tokens", TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)answer.StatusCode);
    }

    [GeneratedRegex(@"^Admin token \(shown once\): (\S+)$")]
    private static partial Regex Token();
}
