using IterableAudience.Simulator.Lists;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Api;

internal enum CallKind
{
    ListLists,
    CreateList,
    DeleteList,
    ListSize,
    GetUsers,
    Subscribe,
    Unsubscribe,
    GetUserByUserId,
    GetUserByEmail,
    ForgetUser,
}

/// <summary>A call that was let in: whose it is, and what it asks.</summary>
internal sealed class ApiCall(CallKind kind, World world, SimulatedProject project, HttpContext context, ReadOnlyMemory<byte> body)
{
    public CallKind Kind { get; } = kind;

    public World World { get; } = world;

    public SimulatedProject Project { get; } = project;

    public HttpContext Context { get; } = context;

    /// <summary>Only valid until the answer is written.</summary>
    public ReadOnlyMemory<byte> Body { get; } = body;

    public string Path => Context.Request.Path;

    /// <summary>One reading of the behaviour for the whole call, so that a change of settings never falls in between.</summary>
    public Behaviour Behaviour { get; } = world.Behaviour;

    public DateTimeOffset Now { get; } = world.Now;

    /// <summary>The rows of a subscribe or unsubscribe.</summary>
    public SubscribersRequest? Subscribers { get; init; }

    public long? ListId => Subscribers?.ListId ?? Number(Context.Request.RouteValues["listId"] as string) ?? Number(Context.Request.Query["listId"]);

    private static long? Number(string? text) => long.TryParse(text, out var number) ? number : null;
}
