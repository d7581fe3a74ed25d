using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>Two nodes on one store and key ring are one console to a browser, whichever of them its requests come to.</summary>
public sealed class NodeSessionTests : IAsyncDisposable
{
    private readonly TestHost _first = new(StoreKind.PostgreSql);
    private readonly TestHost _second;

    public NodeSessionTests() => _second = new TestHost(StoreKind.PostgreSql).On(_first);

    [PostgresFact]
    public async Task A_session_and_its_forms_of_one_node_count_at_the_other()
    {
        using var admin = await ConsoleClient.SignInAsync(_first);
        var form = (await admin.GetAsync("/tokens")).ShouldBe(HttpStatusCode.OK).Form("create");

        (await admin.GetAsync(Second("/tokens"))).ShouldBe(HttpStatusCode.OK);
        (await admin.PostAsync("", form.With(("name", "Airflow"), ("role", "operator")) with { Action = Second("/tokens") })).ShouldLeadTo("/tokens");

        // What the second one leaves to be shown once is shown by the first.
        Assert.Contains("iat_", (await admin.GetAsync("/tokens")).Text, StringComparison.Ordinal);
        Assert.Contains("Airflow", (await admin.GetAsync("/tokens")).ShouldBe(HttpStatusCode.OK).Text, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_token_that_is_revoked_at_one_node_has_no_session_at_the_other()
    {
        var made = await _first.PostAsync("/v2/tokens", """{"name":"Ada","role":"admin"}""");
        using var client = new ConsoleClient(_first);
        (await client.SignInAsync(made.Text("token"))).ShouldLeadTo("/");
        (await client.GetAsync(Second("/tokens"))).ShouldBe(HttpStatusCode.OK);

        (await _first.DeleteAsync($"/v2/tokens/{made.Text("id")}")).ShouldBe(HttpStatusCode.NoContent);

        (await client.GetAsync(Second("/tokens"))).ShouldLeadTo("/sign-in?returnUrl=%2Ftokens&ended=page");
    }

    [PostgresFact]
    public async Task Signing_out_at_one_node_is_signing_out_of_both()
    {
        using var admin = await ConsoleClient.SignInAsync(_first);
        var page = (await admin.GetAsync(Second("/about"))).ShouldBe(HttpStatusCode.OK);

        (await admin.PostAsync("/about", Assert.Single(page.Forms, f => f.Action == "/sign-out"))).ShouldLeadTo("/sign-in");

        (await admin.GetAsync(Second("/about"))).ShouldLeadTo("/sign-in?returnUrl=%2Fabout");
        (await admin.GetAsync("/about")).ShouldLeadTo("/sign-in?returnUrl=%2Fabout");
    }

    public async ValueTask DisposeAsync()
    {
        await _second.DisposeAsync();
        await _first.DisposeAsync();
    }

    /// <summary>An address of the second node; a browser has one jar of cookies for all ports of a host.</summary>
    private string Second(string path) => new Uri(_second.Address, path).ToString();
}
