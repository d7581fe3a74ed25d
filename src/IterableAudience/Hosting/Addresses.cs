namespace IterableAudience.Hosting;

/// <summary>Which addresses are for programs, and which are pages for people.</summary>
internal static class Addresses
{
    private static readonly string[] Api = ["/v2", "/health", "/metrics", "/version", "/swagger"];

    public static bool IsOfApi(PathString path) => Array.Exists(Api, prefix => path.StartsWithSegments(prefix));

    /// <summary>Whether somebody looks at a page of the console, and wants to read an error there.</summary>
    public static bool WantsPage(HttpRequest request)
        => !IsOfApi(request.Path) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
