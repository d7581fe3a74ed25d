using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using IterableAudience.Hosting;
using IterableAudience.Tests.Faults;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>The console where the service itself ends TLS, with a certificate that an operator has set, beside its plain line.</summary>
public sealed partial class TlsTests : ProcessTest
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_is_in_cookies_that_go_over_TLS_only_and_works_there_to_the_sign_out()
    {
        using var certificate = SelfSigned();
        await File.WriteAllBytesAsync(Path.Combine(Folder, "tls.pfx"), certificate.Export(X509ContentType.Pfx, "of the file"), Cancel);
        var service = Watch(ServiceProcess.Start(Folder, Settings(
            ("ASPNETCORE_URLS", "http://127.0.0.1:0;https://127.0.0.1:0"),
            ("Kestrel__Certificates__Default__Path", "tls.pfx"),
            ("Kestrel__Certificates__Default__Password", "of the file"))));
        await service.ReadyAsync();
        await Until.Is("it listens with TLS", () => SecureLine().IsMatch(service.OutputText));
        var secure = new Uri(SecureLine().Match(service.OutputText).Value);
        using var browser = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            CookieContainer = new(),
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString() },
        });
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");

        using var page = await browser.GetAsync(new Uri(secure, "/sign-in"), Cancel);
        using var answer = await PostAsync(browser, page, f => f.Handler == "sign-in", ("token", AdminToken));
        Assert.Equal((HttpStatusCode.Redirect, "/"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
        var given = page.Headers.GetValues("Set-Cookie").Concat(answer.Headers.GetValues("Set-Cookie")).ToList();
        Assert.Contains(given, c => c.StartsWith(Session.CookieName + "=", StringComparison.Ordinal));
        Assert.Contains(given, c => c.StartsWith(Session.CookieName + "-form=", StringComparison.Ordinal));
        Assert.All(given, c => Assert.Superset(new HashSet<string> { "secure", "httponly", "samesite=lax", "path=/" }, c.ToLowerInvariant().Split("; ").ToHashSet()));
        // A browser would remember it for all that the host has, on every port: whether that may be is the operator's to say, in the proxy.
        Assert.False(page.Headers.Contains("Strict-Transport-Security"));

        using var about = await browser.GetAsync(new Uri(secure, "/about"), Cancel);
        Assert.Equal(HttpStatusCode.OK, about.StatusCode);
        using var plain = await browser.GetAsync(new Uri(service.Address, "/about"), Cancel);
        Assert.Equal("/sign-in?returnUrl=%2Fabout", plain.Headers.Location?.OriginalString);

        using var end = await PostAsync(browser, about, f => f.Action == "/sign-out");
        Assert.Equal((HttpStatusCode.Redirect, "/sign-in"), (end.StatusCode, end.Headers.Location!.OriginalString));
        using var after = await browser.GetAsync(new Uri(secure, "/about"), Cancel);
        Assert.Equal("/sign-in?returnUrl=%2Fabout", after.Headers.Location?.OriginalString);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
    }

    /// <summary>Fills in a form of a page that came over TLS, and sends it.</summary>
    private static async Task<HttpResponseMessage> PostAsync(HttpClient browser, HttpResponseMessage page, Predicate<Form> which, params (string Name, string? Value)[] fields)
    {
        var form = Assert.Single(Markup.Forms(await page.Content.ReadAsStringAsync(Cancel)), which);
        using var content = new FormUrlEncodedContent(form.With(fields).Fields);
        return await browser.PostAsync(new Uri(page.RequestMessage!.RequestUri!, form.Action ?? ""), content, Cancel);
    }

    [GeneratedRegex("https://127[.]0[.]0[.]1:[0-9]+")]
    private static partial Regex SecureLine();
}
