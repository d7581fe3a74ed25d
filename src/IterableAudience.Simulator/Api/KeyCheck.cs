using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Api;

/// <summary>Who calls, and whether the key reaches this far.</summary>
internal static class KeyCheck
{
    /// <summary>The project the key opens, or the 401 that says no. A key of the other data center is as unknown as a made-up one.</summary>
    public static (SimulatedProject? Project, ApiAnswer? Refusal) Admit(World world, CallKind kind, HttpContext context)
    {
        var request = context.Request;
        string? header = request.Headers["Api-Key"];
        header ??= request.Headers["Api_Key"];
        if (header is null || world.FindKey(header) is not { } key || key.Project.Options.DataCenter != DataCenterOf(request))
            return (null, ApiErrors.BadApiKey(context));
        return Reaches(key.Type, kind) ? (key.Project, null) : (null, ApiErrors.InsufficientKey(context, header, key.Type));
    }

    /// <summary>The European data center answers under its own host, or here under the path prefix <c>/eu</c>.</summary>
    public static DataCenter DataCenterOf(HttpRequest request)
        => request.PathBase.Equals("/eu", StringComparison.OrdinalIgnoreCase) || request.Host.Host.StartsWith("api.eu.", StringComparison.OrdinalIgnoreCase)
            ? DataCenter.Eu
            : DataCenter.Us;

    private static bool Reaches(KeyType type, CallKind kind) => type switch
    {
        KeyType.ServerSide => true,
        KeyType.ReadOnly => kind is CallKind.ListLists or CallKind.ListSize or CallKind.GetUsers or CallKind.GetUserByEmail or CallKind.GetUserByUserId,
        _ => false,
    };
}
