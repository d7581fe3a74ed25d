using System.Net;
using System.Net.Http.Headers;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Hosting;

public sealed class TokenTests
{
    [Theory]
    [StoreData]
    public async Task A_token_is_shown_once_and_works_until_it_is_revoked(StoreKind store)
    {
        await using var host = new TestHost(store);
        var made = (await host.PostAsync("/v2/tokens", """{"name":"Airflow","role":"admin"}""")).ShouldBe(HttpStatusCode.Created);
        var token = made.Text("token");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, token));
        var listed = await host.GetAsync("/v2/tokens");
        Assert.DoesNotContain(token, listed.Body, StringComparison.Ordinal);
        Assert.Equal("Airflow", listed.Json["data"]![0]!["name"]!.GetValue<string>());
        Assert.Equal(1, (int)listed.At("paging.total")!);

        (await host.DeleteAsync($"/v2/tokens/{made.Text("id")}")).ShouldBe(HttpStatusCode.NoContent);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host, token));
        (await host.DeleteAsync($"/v2/tokens/{made.Text("id")}")).ShouldBeProblem(HttpStatusCode.NotFound, "no token with this id");
        Assert.Empty(host.Logs.Warnings);
    }

    [Fact]
    public async Task A_request_without_or_with_a_wrong_token_is_401()
    {
        await using var host = new TestHost();
        (await host.GetAsync("/v2/tokens", role: null)).ShouldBeProblem(HttpStatusCode.Unauthorized, "Authorization: Bearer");
        var wrong = await SendAsync(host, "wrong");
        wrong.ShouldBeProblem(HttpStatusCode.Unauthorized, "Authorization: Bearer");
        Assert.Equal("Bearer", wrong.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_smaller_role_is_403()
    {
        await using var host = new TestHost();
        (await host.GetAsync("/v2/tokens", "operator")).ShouldBeProblem(HttpStatusCode.Forbidden, "operator");
        (await host.GetAsync("/v2/tokens", "viewer")).ShouldBeProblem(HttpStatusCode.Forbidden, "viewer");
    }

    [Fact]
    public async Task A_bad_token_request_names_every_fault()
    {
        await using var host = new TestHost();
        var answer = (await host.PostAsync("/v2/tokens", """{"role":"root"}""")).ShouldRefuse("name", "role");
        Assert.Contains("viewer, operator, admin", answer.Fault("role"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_sign_ins_are_slowed_down_but_a_token_known_from_there_goes_on()
    {
        await using var host = new TestHost { Time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56)) };
        var unused = (await host.PostAsync("/v2/tokens", """{"name":"a","role":"admin"}""")).Text("token");
        for (var i = 0; i < 10; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host, "wrong"));

        var refused = (await SendAsync(host, "wrong")).ShouldBeProblem(HttpStatusCode.TooManyRequests, "Too many sign-ins");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(host, unused));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, TestHost.AdminToken));

        host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, unused));
    }

    [Fact]
    public async Task Without_any_admin_token_one_is_made_and_only_its_hash_is_stored()
    {
        var printed = new StringWriter();
        var console = System.Console.Out;
        await using var host = new TestHost { Settings = { ["Security:AdminToken"] = null } };
        try
        {
            System.Console.SetOut(printed);
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host, "wrong"));
        }
        finally
        {
            System.Console.SetOut(console);
        }

        var token = printed.ToString().Split("Admin token (shown once): ")[1].Split('\n')[0].Trim();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, token));
        Assert.DoesNotContain(host.Logs.All, l => l.Contains(token, StringComparison.Ordinal));
        // The write-ahead log comes and goes with the connections.
        foreach (var file in Directory.GetFiles(host.Folder, "store.db*").Where(f => !f.EndsWith(".lock", StringComparison.Ordinal) && File.Exists(f)))
            Assert.DoesNotContain(token, System.Text.Encoding.Latin1.GetString(await ReadSharedAsync(file)), StringComparison.Ordinal);
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            await file.CopyToAsync(copy, TestContext.Current.CancellationToken);
            return copy.ToArray();
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    private static async Task<HttpStatusCode> StatusAsync(TestHost host, string token) => (await SendAsync(host, token)).Status;

    private static async Task<Answer> SendAsync(TestHost host, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/tokens");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await host.SendAsync(request, role: null);
    }
}
