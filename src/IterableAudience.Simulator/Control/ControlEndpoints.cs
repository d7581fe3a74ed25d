using System.Text.Json;
using System.Text.Json.Nodes;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IterableAudience.Simulator.Control;

/// <summary>What Iterable doesn't have: looking into the simulator and steering it.</summary>
internal static class ControlEndpoints
{
    public static void MapControl(this IEndpointRouteBuilder routes, World world)
    {
        routes.MapGet("/", () => TypedResults.Content(FrontPage.Render(world), "text/html; charset=utf-8"));
        var control = routes.MapGroup("/_sim");
        control.MapGet("/state", (HttpContext context, bool? members, bool? users, int? project, long? list, CancellationToken cancellationToken)
            => StateWriter.WriteAsync(context, world, new StateQuery(members ?? true, users ?? true, project, list), cancellationToken));
        control.MapGet("/requests", (long? after) => TypedResults.Ok(new RequestsView(world.Log.Counters, Since(world, after ?? 0))));
        control.MapGet("/settings", () => TypedResults.Ok(world.Behaviour));
        control.MapPost("/settings", (JsonObject changes) => ChangeSettings(world, changes));
        control.MapGet("/faults", () => TypedResults.Ok(world.Faults.Waiting));
        control.MapPost("/faults", (JsonNode rules) => AddFaults(world, rules));
        control.MapDelete("/faults", () => Done(world.Faults.Clear));
        control.MapPost("/projects", (ProjectOptions project) => AddProject(world, project));
        control.MapPost("/lists", (ListSeed seed) => AddList(world, seed));
        control.MapPost("/users", (UserSeeds seeds) => AddUsers(world, seeds));
        control.MapPost("/reset", () => Done(world.Reset));
    }

    private static NoContent Done(Action action)
    {
        action();
        return TypedResults.NoContent();
    }

    private static IReadOnlyList<RequestLogEntry> Since(World world, long after) => [.. world.Log.Entries.Where(entry => entry.Number > after)];

    /// <summary>Lays the given members over the present settings; what isn't named stays.</summary>
    private static Results<Ok<Behaviour>, BadRequest<string>> ChangeSettings(World world, JsonObject changes)
    {
        try
        {
            var settings = JsonSerializer.SerializeToNode(world.Behaviour, ControlJson.Options)!.AsObject();
            foreach (var (name, value) in changes)
                settings[name] = value?.DeepClone();
            world.Behaviour = settings.Deserialize<Behaviour>(ControlJson.Options)!;
            return TypedResults.Ok(world.Behaviour);
        }
        catch (JsonException exception)
        {
            return TypedResults.BadRequest(exception.Message);
        }
    }

    /// <summary>Takes one rule or an array of them.</summary>
    private static Results<Ok<IReadOnlyList<FaultRule>>, BadRequest<string>> AddFaults(World world, JsonNode rules)
    {
        try
        {
            world.Faults.Add(rules is JsonArray
                ? rules.Deserialize<FaultRule[]>(ControlJson.Options)!
                : [rules.Deserialize<FaultRule>(ControlJson.Options)!]);
            return TypedResults.Ok(world.Faults.Waiting);
        }
        catch (JsonException exception)
        {
            return TypedResults.BadRequest(exception.Message);
        }
    }

    private static Results<Ok<ProjectOptions>, BadRequest<string>> AddProject(World world, ProjectOptions project)
    {
        if (project.Id <= 0 || project.Keys.Count == 0)
            return TypedResults.BadRequest("A project needs an id above 0 and at least one key.");
        world.AddProject(project);
        return TypedResults.Ok(project);
    }

    private static Results<Ok<ListSeeded>, NotFound> AddList(World world, ListSeed seed)
    {
        if (Find(world, seed.Project) is not { } project)
            return TypedResults.NotFound();
        var list = project.AddList(seed.Name, seed.Type, seed.Id, seed.Description, seed.InUse);
        return TypedResults.Ok(new ListSeeded(list.Id));
    }

    private static Results<NoContent, NotFound, BadRequest<string>> AddUsers(World world, UserSeeds seeds)
    {
        if (Find(world, seeds.Project) is not { } project)
            return TypedResults.NotFound();
        if (seeds.Users.FirstOrDefault(user => user.Email is null && user.UserId is null) is not null)
            return TypedResults.BadRequest("Every user needs an email or a userId.");
        if (project.Type == SimulatedProjectType.UserIdBased && seeds.Users.Any(user => user is { UserId: null, Forgotten: false }))
            return TypedResults.BadRequest("In a userId-based project every user needs a userId.");
        if (seeds.Users.SelectMany(user => user.Lists).FirstOrDefault(list => project.FindList(list) is null) is var list and > 0)
            return TypedResults.BadRequest($"The project has no list {list}.");
        foreach (var user in seeds.Users)
        {
            if (user.Forgotten)
                project.Forget(user.Email, user.UserId);
            else
                project.AddUser(user.Email, user.UserId, user.InvalidData, user.Lists);
        }

        return TypedResults.NoContent();
    }

    private static SimulatedProject? Find(World world, int id) => world.Projects.FirstOrDefault(project => project.Id == id);
}

internal sealed record RequestsView(RequestCounters Counters, IReadOnlyList<RequestLogEntry> Requests);

internal sealed record ListSeed(int Project, string Name, ListType Type = ListType.Standard, long? Id = null, string? Description = null, bool InUse = false);

internal sealed record ListSeeded(long ListId);

internal sealed record UserSeeds(int Project, IReadOnlyList<UserSeed> Users);

/// <summary>A user to make, to mark as one whose data fields are bad, or to forget.</summary>
internal sealed record UserSeed
{
    public string? Email { get; init; }

    public string? UserId { get; init; }

    public IReadOnlyList<long> Lists { get; init; } = [];

    public bool InvalidData { get; init; }

    public bool Forgotten { get; init; }
}
