namespace IterableAudience.Hosting;

/// <summary>The three roles; each higher one includes the lower ones. Also the names of the authorization policies.</summary>
internal static class Roles
{
    /// <summary>Reads; identifiers and row keys are masked.</summary>
    public const string Viewer = "viewer";

    /// <summary>Reads all and runs syncs.</summary>
    public const string Operator = "operator";

    /// <summary>Everything.</summary>
    public const string Admin = "admin";

    /// <summary>From the lowest to the highest.</summary>
    public static readonly string[] All = [Viewer, Operator, Admin];

    /// <summary>The roles that a policy lets in: its own and the higher ones.</summary>
    public static string[] AtLeast(string role) => All[Array.IndexOf(All, role)..];

    /// <summary>Asks for a role on a route or a group.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder routes, string role)
        where TBuilder : IEndpointConventionBuilder
        => routes.RequireAuthorization(role);
}
