using System.Net;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Accounts;

public sealed class AccountTests : IAsyncDisposable
{
    private const string Secret = "a-very-secret-key";
    private TestHost _host = null!;

    [Theory]
    [InlineData("US", "hybrid", "US", "hybrid")]
    [InlineData("eu", "HYBRID", "EU", "hybrid")]
    [InlineData("USDC", "email", "US", "email-based")]
    [InlineData("EUDC", "userId", "EU", "userId-based")]
    [InlineData("us", "UserID-Based", "US", "userId-based")]
    [InlineData("US", "email_based", "US", "email-based")]
    public async Task Options_are_answered_in_their_first_form(string center, string type, string answeredCenter, string answeredType)
    {
        _host = new TestHost();
        var made = (await _host.PostAsync("/v2/accounts", Iterable("Acme", center, type))).ShouldBe(HttpStatusCode.Created);
        Assert.Equal(answeredCenter, made.Text("options.dataCenter"));
        Assert.Equal(answeredType, made.Text("options.projectType"));
        Assert.Empty(made.At("warnings")!.AsArray());
        Assert.Equal("iterable_audience", made.Text("definition.type"));
        Assert.Equal("destination", made.Text("definition.category"));
        Assert.DoesNotContain("_", made.Text("id"), StringComparison.Ordinal);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", made.Text("createdAt"));
    }

    [Theory]
    [StoreData]
    public async Task An_email_based_project_in_the_EU_is_taken_with_a_warning(StoreKind store)
    {
        _host = new TestHost(store);
        Assert.Contains("EU", (await _host.PostAsync("/v2/accounts", Iterable("Acme", "EU", "email-based"))).At("warnings")![0]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [StoreData]
    public async Task The_secret_is_never_returned_logged_or_stored_in_the_clear(StoreKind store)
    {
        _host = new TestHost(store);
        var made = await _host.PostAsync("/v2/accounts", Iterable("Acme"));
        var id = made.Text("id");
        var answers = new[]
        {
            made,
            await _host.GetAsync($"/v2/accounts/{id}"),
            await _host.GetAsync("/v2/accounts"),
            await _host.PutAsync($"/v2/accounts/{id}", Iterable("Acme")),
            await _host.PostAsync("/v2/accounts", Iterable("Acme")),
        };
        Assert.All(answers, a => Assert.DoesNotContain(Secret, a.Body, StringComparison.Ordinal));
        Assert.DoesNotContain(_host.Logs.All, l => l.Contains(Secret, StringComparison.Ordinal));
        Assert.True(await _host.Store.HoldsAsync("Acme", TestContext.Current.CancellationToken));
        Assert.False(await _host.Store.HoldsAsync(Secret, TestContext.Current.CancellationToken));
        Assert.Empty(_host.Logs.Warnings);
    }

    [Theory]
    [StoreData]
    public async Task Every_fault_is_named_at_once(StoreKind store)
    {
        _host = new TestHost(store);
        (await _host.PostAsync("/v2/accounts", "{}")).ShouldRefuse("name", "accountDefinitionName");
        (await _host.PostAsync("/v2/accounts", """{"name":" ","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY"}"""))
            .ShouldRefuse("name", "options.dataCenter", "options.projectType", "secret.apiKey");
        (await _host.PostAsync("/v2/accounts", """
            {"name":"A","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY",
             "options":{"dataCenter":"AP","projectType":"both","requestsPerSecond":0,"maxInFlight":0},"secret":{"apiKey":"a b"}}
            """)).ShouldRefuse("options.dataCenter", "options.projectType", "options.requestsPerSecond", "options.maxInFlight", "secret.apiKey");
        (await _host.PostAsync("/v2/accounts", """{"name":"A","accountDefinitionName":"SOURCE_POSTGRES","options":{"port":70000,"sslMode":"on"}}"""))
            .ShouldRefuse("options.host", "options.port", "options.dbname", "options.user", "options.sslMode", "secret.password");
        (await _host.PostAsync("/v2/accounts", """{"name":"A","accountDefinitionName":"SOURCE_DUCKDB","options":{"path":"a/../../b.duckdb"}}"""))
            .ShouldRefuse("options.path");
    }

    [Theory]
    [InlineData("options", "3", "must be an object.")]
    [InlineData("options.dataCenter", "{\"dataCenter\":1}", "must be text.")]
    [InlineData("options.maxInFlight", "{\"maxInFlight\":\"4\"}", "must be a number.")]
    [InlineData("options.maxInFlight", "{\"maxInFlight\":1.5}", "must be a whole number.")]
    [InlineData("options.requestsPerSecond", "{\"requestsPerSecond\":\"x\"}", "must be a number.")]
    public async Task A_wrong_type_is_named_by_its_path(string field, string options, string message)
    {
        _host = new TestHost();
        Assert.Equal(message, (await _host.PostAsync("/v2/accounts", $$"""{"name":"A","options":{{options}}}""")).ShouldRefuse(field).Fault(field));
    }

    [Theory]
    [StoreData]
    public async Task A_key_may_have_200_printable_characters(StoreKind store)
    {
        _host = new TestHost(store);
        (await _host.PostAsync("/v2/accounts", Iterable("A", key: new string('k', 200)))).ShouldBe(HttpStatusCode.Created);
        Assert.Contains("200", (await _host.PostAsync("/v2/accounts", Iterable("B", key: new string('k', 201)))).ShouldRefuse("secret.apiKey").Fault("secret.apiKey"), StringComparison.Ordinal);
        (await _host.PostAsync("/v2/accounts", Iterable("B", key: "key\\n"))).ShouldRefuse("secret.apiKey");
        (await _host.PostAsync("/v2/accounts", Iterable("B", key: "schlüssel"))).ShouldRefuse("secret.apiKey");
    }

    [Theory]
    [StoreData]
    public async Task A_name_is_unique(StoreKind store)
    {
        _host = new TestHost(store);
        (await _host.PostAsync("/v2/accounts", Iterable("Acme"))).ShouldBe(HttpStatusCode.Created);
        (await _host.PostAsync("/v2/accounts", Iterable("Acme"))).ShouldBeProblem(HttpStatusCode.Conflict, "unique");
        var other = await _host.PostAsync("/v2/accounts", Iterable("Other"));
        (await _host.PutAsync($"/v2/accounts/{other.Text("id")}", Iterable("Acme"))).ShouldBeProblem(HttpStatusCode.Conflict, "unique");
        Assert.Equal(2, (int)(await _host.GetAsync("/v2/accounts")).At("paging.total")!);
    }

    [Theory]
    [StoreData]
    public async Task Ten_requests_for_one_name_make_one_account(StoreKind store)
    {
        _host = new TestHost(store);
        await _host.GetAsync("/v2/accounts");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _host.PostAsync("/v2/accounts", Iterable("Acme"))));
        Assert.Single(answers, a => a.Status == HttpStatusCode.Created);
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.Created), a => a.ShouldBeProblem(HttpStatusCode.Conflict, "unique"));
    }

    [Theory]
    [StoreData]
    public async Task A_put_replaces_the_account(StoreKind store)
    {
        _host = new TestHost(store);
        var id = (await _host.PostAsync("/v2/accounts", Iterable("Acme", more: ",\"maxInFlight\":2"))).Text("id");
        (await _host.PutAsync($"/v2/accounts/{id}", """{"name":"Acme 2","options":{"dataCenter":"EU","projectType":"hybrid"}}""")).ShouldRefuse("secret.apiKey");
        var replaced = (await _host.PutAsync($"/v2/accounts/{id}", """{"name":"Acme 2","options":{"dataCenter":"EU","projectType":"hybrid"},"secret":{"apiKey":"new"}}""")).ShouldBe(HttpStatusCode.OK);
        Assert.Equal("Acme 2", replaced.Text("name"));
        Assert.Equal("EU", replaced.Text("options.dataCenter"));
        Assert.Null(replaced.At("options.maxInFlight"));
        (await _host.PutAsync($"/v2/accounts/{id}", """{"name":"A","accountDefinitionName":"SOURCE_DUCKDB","options":{"path":"a"}}""")).ShouldRefuse("accountDefinitionName");
    }

    [Theory]
    [StoreData]
    public async Task Warehouse_accounts_are_stored(StoreKind store)
    {
        _host = new TestHost(store);
        var postgres = (await _host.PostAsync("/v2/accounts", """
            {"name":"PG","accountDefinitionName":"SOURCE_POSTGRES","options":{"host":"db.example.com","port":"5433","dbname":"w","user":"u","sslMode":"verify-full","path":"x"},"secret":{"password":"p"}}
            """)).ShouldBe(HttpStatusCode.Created);
        Assert.Equal(5433, (int)postgres.At("options.port")!);
        Assert.Null(postgres.At("options.path"));
        var defaults = await _host.PostAsync("/v2/accounts", """{"name":"PG2","accountDefinitionName":"SOURCE_POSTGRES","options":{"host":"db.example.com","dbname":"w","user":"u"},"secret":{"password":""}}""");
        Assert.Equal("prefer", defaults.ShouldBe(HttpStatusCode.Created).Text("options.sslMode"));
        var duck = (await _host.PostAsync("/v2/accounts", """{"name":"Duck","accountDefinitionName":"SOURCE_DUCKDB","options":{"path":"people.duckdb"}}""")).ShouldBe(HttpStatusCode.Created);
        (await _host.GetAsync($"/v2/accounts/{duck.Text("id")}/lists")).ShouldBeProblem(HttpStatusCode.BadRequest, "warehouse account");
    }

    [Theory]
    [StoreData]
    public async Task The_password_of_a_warehouse_is_never_returned_logged_or_stored_in_the_clear(StoreKind store)
    {
        _host = new TestHost(store);
        var account = $$$"""{"name":"PG","accountDefinitionName":"SOURCE_POSTGRES","options":{"host":"127.0.0.1","port":9,"dbname":"w","user":"u"},"secret":{"password":"{{{Secret}}}"}}""";
        var made = (await _host.PostAsync("/v2/accounts", account)).ShouldBe(HttpStatusCode.Created);
        var url = $"/v2/accounts/{made.Text("id")}";
        var answers = new[] { made, await _host.GetAsync(url), await _host.GetAsync("/v2/accounts"), await _host.PutAsync(url, account), await _host.PostAsync($"{url}/test", "{}"), await _host.GetAsync($"{url}/schemas") };
        Assert.All(answers, a => Assert.DoesNotContain(Secret, a.Body, StringComparison.Ordinal));
        Assert.DoesNotContain(_host.Logs.All, l => l.Contains(Secret, StringComparison.Ordinal));
        Assert.True(await _host.Store.HoldsAsync("127.0.0.1", TestContext.Current.CancellationToken));
        Assert.False(await _host.Store.HoldsAsync(Secret, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("disable")]
    [InlineData("allow")]
    [InlineData("prefer")]
    [InlineData("require")]
    [InlineData("verify-ca")]
    [InlineData("verify-full")]
    public async Task A_port_is_a_number_or_its_text_and_each_ssl_mode_is_kept(string sslMode)
    {
        _host = new TestHost(StoreKind.Sqlite);
        var made = (await _host.PostAsync("/v2/accounts", $$$"""
            {"name":"PG","accountDefinitionName":"SOURCE_POSTGRES","options":{"host":"db.example.com","port":6432,"dbname":"w","user":"u","sslMode":"{{{sslMode}}}"},"secret":{"password":"p"}}
            """)).ShouldBe(HttpStatusCode.Created);
        Assert.Equal((6432, sslMode), ((int)made.At("options.port")!, made.Text("options.sslMode")));
    }

    [Theory]
    [StoreData]
    public async Task An_account_in_use_keeps_its_project_and_cannot_be_deleted(StoreKind store)
    {
        _host = new TestHost(store);
        var id = (await _host.PostAsync("/v2/accounts", Iterable("Acme"))).Text("id");
        var destination = (await _host.PostAsync("/v2/destinations", $$$"""{"name":"D","type":"ITERABLE_AUDIENCE","config":{"rudderAccountId":"{{{id}}}"}}""")).Text("destination.id");

        (await _host.PutAsync($"/v2/accounts/{id}", Iterable("Acme", center: "EU"))).ShouldBeProblem(HttpStatusCode.Conflict, "in use");
        (await _host.PutAsync($"/v2/accounts/{id}", Iterable("Acme", type: "email"))).ShouldBeProblem(HttpStatusCode.Conflict, "in use");
        (await _host.PutAsync($"/v2/accounts/{id}", Iterable("Renamed", key: "another-key"))).ShouldBe(HttpStatusCode.OK);
        (await _host.DeleteAsync($"/v2/accounts/{id}")).ShouldBeProblem(HttpStatusCode.Conflict, "in use");

        (await _host.DeleteAsync($"/v2/destinations/{destination}")).ShouldBe(HttpStatusCode.NoContent);
        (await _host.DeleteAsync($"/v2/accounts/{id}")).ShouldBe(HttpStatusCode.NoContent);
        (await _host.GetAsync($"/v2/accounts/{id}")).ShouldBeProblem(HttpStatusCode.NotFound, "no account with this id");
    }

    [Theory]
    [StoreData]
    public async Task An_external_id_is_set_and_taken_away(StoreKind store)
    {
        _host = new TestHost(store);
        var id = (await _host.PostAsync("/v2/accounts", Iterable("Acme"))).Text("id");
        Assert.Equal("tf-1", (await _host.PutAsync($"/v2/accounts/{id}/external-id", """{"externalId":"tf-1"}""")).ShouldBe(HttpStatusCode.OK).Text("externalId"));
        Assert.Null((await _host.PutAsync($"/v2/accounts/{id}/external-id", """{"externalId":null}""")).ShouldBe(HttpStatusCode.OK).At("externalId"));
        Assert.Contains("required", (await _host.PutAsync($"/v2/accounts/{id}/external-id", "{}")).ShouldRefuse("externalId").Fault("externalId"), StringComparison.Ordinal);
        (await _host.PutAsync($"/v2/accounts/{id}/external-id", $$"""{"externalId":"{{new string('x', 201)}}"}""")).ShouldRefuse("externalId");
    }

    [Theory]
    [StoreData]
    public async Task An_unknown_account_is_404_on_every_route(StoreKind store)
    {
        _host = new TestHost(store);
        foreach (var (method, path, body) in new[]
        {
            ("GET", "", null), ("PUT", "", Iterable("A")), ("DELETE", "", null), ("PUT", "/external-id", """{"externalId":"x"}"""),
            ("POST", "/test", "{}"), ("GET", "/lists", null), ("POST", "/lists", """{"name":"L"}"""),
        })
        {
            (await _host.SendAsync(new HttpMethod(method), "/v2/accounts/nobody" + path, body)).ShouldBeProblem(HttpStatusCode.NotFound, "no account with this id");
        }
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static string Iterable(string name, string center = "US", string type = "hybrid", string key = Secret, string more = "") => $$$"""
        {"name":"{{{name}}}","accountDefinitionName":"DESTINATION_ITERABLE_AUDIENCE_API_KEY",
         "options":{"dataCenter":"{{{center}}}","projectType":"{{{type}}}"{{{more}}}},"secret":{"apiKey":"{{{key}}}"}}
        """;
}
