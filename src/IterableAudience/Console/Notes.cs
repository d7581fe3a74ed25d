using System.Text.Json;
using IterableAudience.Hosting;
using Microsoft.AspNetCore.DataProtection;

namespace IterableAudience.Console;

/// <summary>
/// What a form leaves for the page that it leads to, so that no page is the answer to a form: loading such a page again, or coming back to it, would send the
/// form again. A note lies in a cookie of that page alone, protected, and readable only in the session of the token that left it.
/// </summary>
internal sealed class Notes(IHttpContextAccessor accessor, Visitor visitor, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>A browser keeps no more than 4,096 bytes.</summary>
    private const int Longest = 3900;

    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private HttpContext Context => accessor.HttpContext!;

    /// <summary>Says something on the page that comes next.</summary>
    public void Say(string page, Notice notice) => Leave(Notice.Name, page, notice);

    /// <summary>Leaves a note; one of the same name on the same page is replaced. One that is too long is not left.</summary>
    /// <param name="name">Of the note; letters.</param>
    /// <param name="page">Path of the page.</param>
    /// <param name="value">Becomes JSON.</param>
    public void Leave<T>(string name, string page, T value)
    {
        var note = Protector(page).Protect(JsonSerializer.Serialize(new Note<T>(time.GetUtcNow() + Kept, value), JsonSetup.Options));
        if (note.Length <= Longest)
        {
            var options = Options(page);
            options.MaxAge = Kept;
            Context.Response.Cookies.Append(CookieOf(name), note, options);
        }
    }

    /// <summary>A note for this page, which stays for a while; default when there is none.</summary>
    public T? Read<T>(string name)
    {
        if (Context.Request.Cookies[CookieOf(name)] is not { Length: > 0 } kept)
        {
            return default;
        }

        try
        {
            var note = JsonSerializer.Deserialize<Note<T>>(Protector(Context.Request.Path).Unprotect(kept), JsonSetup.Options);
            return note is not null && note.Until > time.GetUtcNow() ? note.Value : default;
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return default; // of another page, another token, or nobody's
        }
    }

    /// <summary>The same, and it is gone: it is shown once.</summary>
    public T? Take<T>(string name)
    {
        var note = Read<T>(name);
        if (Context.Request.Cookies.ContainsKey(CookieOf(name)))
        {
            Context.Response.Cookies.Delete(CookieOf(name), Options(Context.Request.Path));
        }

        return note;
    }

    private static string CookieOf(string name) => $"{Session.CookieName}-{name}";

    private IDataProtector Protector(string page) => protection.CreateProtector("Note", visitor.TokenId, page);

    private CookieOptions Options(string page)
        => new() { Path = page, HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = Context.Request.IsHttps, IsEssential = true };

    private sealed record Note<T>(DateTimeOffset Until, T Value);
}

/// <summary>One sentence about what a form has done, or why it has not.</summary>
/// <param name="Tone"><c>good</c>, <c>warn</c> or <c>bad</c>.</param>
/// <param name="Text">For people.</param>
/// <param name="Link">Where to look; null: nowhere.</param>
/// <param name="LinkText">What is there.</param>
public sealed record Notice(string Tone, string Text, string? Link = null, string? LinkText = null)
{
    /// <summary>Of the note.</summary>
    internal const string Name = "notice";

    /// <summary>As JSON six bytes a character at most, which a cookie holds.</summary>
    private const int MostText = 400;

    internal static Notice Good(string text) => new("good", Short(text));

    internal static Notice Warn(string text, string? link = null, string? linkText = null) => new("warn", Short(text), link, linkText);

    internal static Notice Bad(string text, string? link = null, string? linkText = null) => new("bad", Short(text), link, linkText);

    /// <summary>What the API refused.</summary>
    /// <param name="problem">Its answer.</param>
    /// <param name="connectionId">Whose other sync it may name.</param>
    internal static Notice Of(ApiProblem problem, string? connectionId = null)
        => Bad(problem.Detail, problem.SyncId is null || connectionId is null ? null : $"/connections/{connectionId}/syncs/{problem.SyncId}", "Look at the sync that runs");

    private static string Short(string text) => text.Length <= MostText ? text : text[..MostText] + " …";
}
