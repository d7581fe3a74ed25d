using System.Security.Claims;
using IterableAudience.Hosting;

namespace IterableAudience.Console;

/// <summary>Who looks at the page.</summary>
internal sealed class Visitor(IHttpContextAccessor accessor)
{
    private ClaimsPrincipal User => accessor.HttpContext!.User;

    public bool IsSignedIn => User.Identity?.IsAuthenticated == true;

    public string TokenId => User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "";

    public string Name => User.Identity?.Name ?? "";

    public string Role => User.FindFirstValue(ClaimTypes.Role) ?? "";

    /// <summary>May run syncs, and sees people.</summary>
    public bool IsOperator => Roles.AtLeast(Roles.Operator).Contains(Role);

    /// <summary>May change what is set up.</summary>
    public bool IsAdmin => Role == Roles.Admin;

    /// <summary><c>light</c> or <c>dark</c> where the person has chosen; empty: what the system says.</summary>
    public string Theme => accessor.HttpContext!.Request.Cookies["theme"] is "light" or "dark" ? accessor.HttpContext.Request.Cookies["theme"]! : "";
}
