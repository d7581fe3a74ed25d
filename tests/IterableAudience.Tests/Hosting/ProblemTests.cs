using System.Net;
using System.Text;
using Xunit;

namespace IterableAudience.Tests.Hosting;

public sealed class ProblemTests : IAsyncDisposable
{
    private readonly TestHost _host = new();

    [Theory]
    [InlineData("""{"name":3,"role":"admin"}""", "name", "must be text.")]
    [InlineData("""{"name":"a","role":{}}""", "role", "must be text.")]
    [InlineData("""{"name":true,"role":"admin"}""", "name", "must be text.")]
    public async Task A_member_of_the_wrong_type_is_named_by_its_path(string body, string field, string message)
    {
        var answer = (await _host.PostAsync("/v2/tokens", body)).ShouldRefuse(field);
        Assert.Equal(message, answer.Fault(field));
    }

    [Theory]
    [InlineData("""{"name":""", "isn't valid JSON (line 1")]
    [InlineData("hello", "isn't valid JSON")]
    [InlineData("[]", "must be an object")]
    [InlineData("""{"name":"a","name":"b"}""", "a member twice")]
    [InlineData("", "no body")]
    public async Task A_body_that_cannot_be_read_says_why(string body, string says)
        => (await _host.PostAsync("/v2/tokens", body)).ShouldBeProblem(HttpStatusCode.BadRequest, says);

    [Fact]
    public async Task A_missing_body_says_so() => (await _host.PostAsync("/v2/tokens")).ShouldBeProblem(HttpStatusCode.BadRequest, "no body");

    [Fact]
    public async Task A_body_nested_too_deeply_is_refused()
    {
        var body = $$"""{"name":"a","more":{{new string('[', 40)}}{{new string(']', 40)}}}""";
        (await _host.PostAsync("/v2/tokens", body)).ShouldBeProblem(HttpStatusCode.BadRequest, "nested too deeply");
    }

    [Fact]
    public async Task Unknown_members_are_ignored()
        => (await _host.PostAsync("/v2/tokens", """{"name":"a","role":"viewer","more":{"x":1}}""")).ShouldBe(HttpStatusCode.Created);

    [Fact]
    public async Task Another_media_type_is_415()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/tokens") { Content = new StringContent("name=a", Encoding.UTF8, "application/x-www-form-urlencoded") };
        (await _host.SendAsync(request)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "application/json");
    }

    [Fact]
    public async Task An_unknown_charset_is_415()
    {
        using var content = new StringContent("""{"name":"a","role":"viewer"}""");
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json; charset=none-such");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/tokens") { Content = content };
        (await _host.SendAsync(request)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "UTF-8");
        Assert.Empty(_host.Logs.Warnings);
    }

    [Theory]
    [InlineData("""{"name":"a\ud800","role":"viewer"}""")]
    [InlineData("{\"name\":\"a\u00ff\",\"role\":\"viewer\"}")] // sent as Latin-1, so no UTF-8
    public async Task Text_that_is_no_Unicode_is_said_to_be_that(string body)
    {
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)) { Headers = { ContentType = new("application/json") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/tokens") { Content = content };
        Assert.Contains("valid Unicode", (await _host.SendAsync(request)).ShouldRefuse("name").Fault("name"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_body_is_413()
    {
        var body = $$"""{"name":"{{new string('a', 1_100_000)}}","role":"viewer"}""";
        (await _host.PostAsync("/v2/tokens", body)).ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge, "larger than this route takes");
    }

    [Fact]
    public async Task An_unknown_address_is_404_and_a_wrong_method_405()
    {
        (await _host.GetAsync("/v2/nothing", role: null)).ShouldBeProblem(HttpStatusCode.NotFound, "/swagger");
        (await _host.PutAsync("/v2/tokens", "{}")).ShouldBeProblem(HttpStatusCode.MethodNotAllowed, "POST");
    }

    [Theory]
    [InlineData("page=0", "page")]
    [InlineData("pageSize=501", "pageSize")]
    [InlineData("page=0&pageSize=0", "page", "pageSize")]
    [InlineData("page=ada%40example.com", "page")]
    [InlineData("page=one&pageSize=all", "page", "pageSize")]
    [InlineData("page=1&page=2", "page")]
    public async Task A_bad_page_is_refused_by_name(string query, params string[] fields)
    {
        var answer = (await _host.GetAsync($"/v2/tokens?{query}")).ShouldRefuse(fields);
        Assert.DoesNotContain("example.com", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v2/tokens?page=two", "page", "must be a whole number")]
    [InlineData("/v2/tokens?pageSize=99999999999", "pageSize", "must be a whole number, at most 2147483647.")]
    [InlineData("/v2/retl-connections/x/syncs?per_page=", "per_page", "must be a whole number")]
    [InlineData("/v2/retl-connections/x/syncs/y/requests?pageSize=all", "pageSize", "must be a whole number")]
    [InlineData("/v2/accounts/x/lists?refresh=1", "refresh", "must be true or false.")]
    [InlineData("/v2/retl-connections?hasExternalId=yes", "hasExternalId", "must be true or false.")]
    public async Task A_parameter_of_the_wrong_type_is_named_as_the_client_wrote_it(string path, string field, string says)
        => Assert.StartsWith(says, (await _host.GetAsync(path)).ShouldRefuse(field).Fault(field), StringComparison.Ordinal);

    [Fact]
    public async Task Pages_lead_to_the_next_one()
    {
        for (var i = 0; i < 3; i++)
            await _host.PostAsync("/v2/tokens", $$"""{"name":"t{{i}}","role":"viewer"}""");
        var first = await _host.GetAsync("/v2/tokens?pageSize=2");
        Assert.Equal("/v2/tokens?pageSize=2&page=2", first.Text("paging.next"));
        Assert.Equal(3, (int)first.At("paging.total")!);
        var last = await _host.GetAsync(first.Text("paging.next"));
        Assert.Single(last.Json["data"]!.AsArray());
        Assert.Null(last.At("paging.next"));
    }

    [Fact]
    public async Task A_client_that_accepts_only_csv_still_reads_the_problem()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/nothing");
        request.Headers.Accept.ParseAdd("text/csv");
        (await _host.SendAsync(request)).ShouldBeProblem(HttpStatusCode.NotFound, "/swagger");
    }

    [Fact]
    public async Task No_address_of_a_request_is_logged()
    {
        await _host.GetAsync("/v2/nothing/ada@example.com?email=ada@example.com");
        await _host.GetAsync("/v2/tokens?search=ada@example.com");
        Assert.DoesNotContain(_host.Logs.All, l => l.Contains("ada", StringComparison.Ordinal));
        Assert.Contains(_host.Logs.All, l => l.Contains("/v2/tokens", StringComparison.Ordinal) && l.Contains("200", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
