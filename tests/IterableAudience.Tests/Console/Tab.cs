using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Layout;
using Microsoft.Playwright;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>
/// A tab of the browser that keeps what the browser complains about.
/// <code>
/// await using var tab = await browser.OpenAsync(site.Address, width: 390, scheme: ColorScheme.Dark);
/// await tab.GoAsync("/swagger");
/// await Assertions.Expect(tab.Page.GetByRole(AriaRole.Heading)).ToBeVisibleAsync();
/// await tab.AxeAsync();
/// await tab.AssertCleanAsync();
/// </code>
/// </summary>
internal sealed class Tab : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly Complaints _complaints;
    private readonly bool _hasScript;

    private Tab(IBrowserContext context, Complaints complaints, IPage page, bool hasScript)
    {
        _context = context;
        _complaints = complaints;
        _hasScript = hasScript;
        Page = page;
    }

    public IPage Page { get; }

    public static async Task<Tab> OpenAsync(IBrowser browser, BrowserNewContextOptions options)
    {
        var context = await browser.NewContextAsync(options);
        context.SetDefaultTimeout((float)Until.Patience.TotalMilliseconds);
        return new Tab(context, await Complaints.OfAsync(context), await context.NewPageAsync(), options.JavaScriptEnabled ?? true);
    }

    /// <summary>Loads a page, whatever its status is.</summary>
    public async Task<IResponse> GoAsync(string path) => (await Page.GotoAsync(path))!;

    /// <summary>An answer of this status and path will come, and is right.</summary>
    public void Announce(int status, string path) => _complaints.Announce(status, path);

    /// <summary>
    /// Fails with all that the browser has complained about since the tab was opened: errors and warnings on its console, errors of scripts, requests that failed,
    /// answers from 400 on and empty files, and what a content security policy refused.
    /// </summary>
    public async Task AssertCleanAsync()
    {
        await Page.WaitForLoadStateAsync();
        // Everything that happened in the page before this answer has been told before it.
        await EvaluateAsync("() => new Promise(done => setTimeout(done))");
        var all = _complaints.All;
        Assert.True(all.Count == 0, $"{Page.Url}:{Environment.NewLine}{string.Join(Environment.NewLine, all)}");
    }

    /// <summary>Fails with every serious or critical fault that axe finds in the page as it is now. Not for a tab without script: axe is one.</summary>
    public async Task AxeAsync()
    {
        if (!_hasScript)
        {
            throw new InvalidOperationException("axe is a script, and this tab runs none.");
        }

        var faults = await Axe.RunAsync(Page).WaitAsync(Until.Patience);
        Assert.True(faults.Count == 0, $"{Page.Url}:{Environment.NewLine}{string.Join(Environment.NewLine, faults)}");
    }

    /// <summary>
    /// Draws the whole page, or what of it is seen first, with animations at their end: for whoever looks at it below <c>out/screenshots</c>, and where SCREENSHOTS is set for the documents.
    /// </summary>
    /// <returns>The file.</returns>
    public async Task<string> ScreenshotAsync(string name, bool whole = true)
    {
        var folder = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("SCREENSHOTS")) ? "out/screenshots" : "docs/images";
        var file = Path.Combine(Repository.Root, folder, $"{name}.png");
        await EvaluateAsync("() => document.fonts.ready.then(() => true)");
        await Page.ScreenshotAsync(new() { Path = file, FullPage = whole, Animations = ScreenshotAnimations.Disabled });
        return file;
    }

    /// <summary>Evaluates a function that promises something. Nothing is promised without script, and nobody would end the wait.</summary>
    private async Task EvaluateAsync(string promise) => await Page.EvaluateAsync(_hasScript ? promise : "() => true").WaitAsync(Until.Patience);

    public async ValueTask DisposeAsync() => await _context.CloseAsync();
}
