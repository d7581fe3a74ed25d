using System.Net;
using System.Net.Http.Headers;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>
/// Somebody who uses the console without script: keeps cookies, reads pages, fills in forms. Redirects are not followed.
/// <code>
/// using var admin = await ConsoleClient.SignInAsync(host);
/// var page = await admin.PostAsync("/tokens", "create", ("name", "Airflow"), ("role", "operator"));
/// </code>
/// </summary>
internal sealed class ConsoleClient : IDisposable
{
    private readonly HttpClient _http;

    public ConsoleClient(TestHost host)
        => _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = host.Address };

    public CookieContainer Cookies { get; } = new();

    public Uri Address => _http.BaseAddress!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Somebody with a session of this role.</summary>
    public static async Task<ConsoleClient> SignInAsync(TestHost host, string role = "admin")
    {
        var client = new ConsoleClient(host);
        (await client.SignInAsync(await host.TokenAsync(role))).ShouldLeadTo("/");
        return client;
    }

    /// <summary>Fills in the form of the sign-in page.</summary>
    public Task<ConsolePage> SignInAsync(string token, string page = "/sign-in") => PostAsync(page, "sign-in", ("token", token));

    public Task<ConsolePage> GetAsync(string path, string accept = "text/html")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        return SendAsync(request);
    }

    /// <summary>Loads a page, fills in one of its forms and sends it.</summary>
    /// <param name="path">Of the page.</param>
    /// <param name="handler">Which form, e.g. <c>create</c>.</param>
    /// <param name="fields">What is filled in; all other fields stay as they are.</param>
    public async Task<ConsolePage> PostAsync(string path, string handler, params (string Name, string? Value)[] fields)
    {
        var page = (await GetAsync(path)).ShouldBe(HttpStatusCode.OK);
        return await PostAsync(path, page.Form(handler).With(fields));
    }

    /// <summary>The same, and the page that the form leads to: what somebody sees then.</summary>
    public async Task<ConsolePage> AnswerAsync(string path, string handler, params (string Name, string? Value)[] fields)
    {
        var answer = await PostAsync(path, handler, fields);
        return answer.LeadsTo.Length == 0 ? answer : await GetAsync(answer.LeadsTo);
    }

    /// <summary>Sends a form, whoever it was made for.</summary>
    public Task<ConsolePage> PostAsync(string page, Form form)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, form.Action ?? page) { Content = Content(form) };
        request.Headers.Accept.ParseAdd("text/html");
        return SendAsync(request);
    }

    /// <summary>The token that goes with every form of this session, from a page that everybody sees.</summary>
    public async Task<string> TokenOfFormsAsync() => (await GetAsync("/about")).ShouldBe(HttpStatusCode.OK).Forms[0].Token;

    public async Task<ConsolePage> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            var path = request.RequestUri!.ToString();
            using var response = await _http.SendAsync(request, Cancel);
            var headers = response.Headers.Concat(response.Content.Headers).ToLookup(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
            return new(
                path, response.StatusCode, await response.Content.ReadAsStringAsync(Cancel), headers, response.Headers, Leads(response.Headers.Location));
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpContent Content(Form form)
    {
        if (form.Encoding != "multipart/form-data")
        {
            return new FormUrlEncodedContent(form.Fields);
        }

        var content = new MultipartFormDataContent();
        foreach (var (name, value) in form.Fields)
        {
            content.Add(new StringContent(value), name);
        }

        return content;
    }

    /// <summary>Path and query when it is on this server, else all of it.</summary>
    private string Leads(Uri? location)
    {
        var to = location is null ? null : new Uri(Address, location);
        return to is null ? "" : Address.IsBaseOf(to) ? to.PathAndQuery : to.ToString();
    }
}

/// <summary>An answer that somebody looks at.</summary>
/// <param name="Path">What was asked for.</param>
/// <param name="Status">Of the answer.</param>
/// <param name="Html">Its body, whatever it is.</param>
/// <param name="Headers">Those of the content, too.</param>
/// <param name="Raw">The same, as they came.</param>
/// <param name="LeadsTo">Where a redirect leads; empty when it is none.</param>
internal sealed record ConsolePage(string Path, HttpStatusCode Status, string Html, ILookup<string, string> Headers, HttpResponseHeaders Raw, string LeadsTo)
{
    public IReadOnlyList<Form> Forms => Markup.Forms(Html);

    public IEnumerable<Form> PostedForms => Forms.Where(f => f.IsPosted);

    public string Text => Markup.Text(Html);

    /// <summary>The same in one line.</summary>
    public string Line => string.Join(' ', Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public string ContentType => Header("Content-Type");

    /// <summary>Empty when it isn't there.</summary>
    public string Header(string name) => string.Join(", ", Headers[name]);

    public Form Form(string handler) => Assert.Single(Forms, f => f.Handler == handler);

    public ConsolePage ShouldBe(HttpStatusCode status)
    {
        Assert.True(Status == status, $"Wanted {status} of {Path}, got {Status} {LeadsTo}: {Html}");
        return this;
    }

    public ConsolePage ShouldLeadTo(string path)
    {
        Assert.True(LeadsTo == path && Status is HttpStatusCode.Redirect or HttpStatusCode.SeeOther, $"Wanted to be led to {path} by {Path}, got {Status} {LeadsTo}: {Html}");
        return this;
    }
}
