using IterableAudience.Tests.Faults;
using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>
/// Tests that look at pages run one after the other, and share a browser: <c>[Collection&lt;OneBrowser&gt;]</c> on the class, <see cref="Browser"/> in its constructor.
/// </summary>
[CollectionDefinition]
public sealed class OneBrowser : ICollectionFixture<Browser>;

/// <summary>
/// Debian's Chromium without a window, started at the first tab. Without one a test that opens a tab is skipped with the reason; where CI=true it fails instead.
/// </summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly string? Program =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/bin").Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists);

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Why there can be no tab here; null when there can.</summary>
    public static string? Missing => Program is null ? "Chromium is missing. On Debian: apt-get install chromium fonts-liberation" : null;

    /// <summary>Ends a test that can't do without, here.</summary>
    public static void Require()
    {
        if (Missing is { } missing)
        {
            Assert.SkipWhen(!string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase), missing);
            Assert.Fail(missing);
        }
    }

    /// <summary>A tab with cookies of its own. Paths that it is sent to are below the address.</summary>
    internal async Task<Tab> OpenAsync(Uri address, int width = 1280, int height = 800, ColorScheme scheme = ColorScheme.Light, bool script = true)
    {
        Require();
        _browser ??= await StartAsync();
        return await Tab.OpenAsync(_browser, new()
        {
            BaseURL = address.OriginalString,
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = scheme,
            JavaScriptEnabled = script,
            Locale = "en-US",
            TimezoneId = "UTC",
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
    }

    private async Task<IBrowser> StartAsync()
    {
        _playwright ??= await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout((float)Until.Patience.TotalMilliseconds);
        return await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Program,
            Headless = true,
            // It refuses to run as root with its sandbox, and looks at nothing but our own pages. Nothing may leave the machine.
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        });
    }
}
