using IterableAudience.Tests.Faults;
using Microsoft.Playwright;

namespace IterableAudience.Tests.Console;

/// <summary>What a person does in the console.</summary>
internal static class Visit
{
    /// <summary>Signs in, and is on the overview then.</summary>
    public static async Task SignInAsync(this Tab tab, string token)
    {
        await tab.GoAsync("/sign-in");
        await tab.Page.GetByLabel("Token").FillAsync(token);
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
    }

    /// <summary>Presses the button of this name.</summary>
    public static Task PressAsync(this Tab tab, string name) => tab.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

    /// <summary>Presses a button that asks first, and then the one that does it.</summary>
    public static async Task PressAsync(this Tab tab, string name, string sure)
    {
        await tab.Page.Locator("summary", new() { HasTextString = name }).First.ClickAsync();
        await tab.PressAsync(sure);
    }

    /// <summary>A text is on the page.</summary>
    public static Task SeeAsync(this Tab tab, string text) => Assertions.Expect(tab.Page.Locator("main")).ToContainTextAsync(text);

    /// <summary>A token of a role.</summary>
    public static async Task<string> TokenAsync(this Site site, string role)
        => (string)(await site.PostAsync("/v2/tokens", $$"""{ "name": "{{role}}", "role": "{{role}}" }"""))["token"]!;
}
