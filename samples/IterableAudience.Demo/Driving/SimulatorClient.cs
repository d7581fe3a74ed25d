using System.Text.Json;
using System.Text.Json.Nodes;
using IterableAudience.Demo.Expected;

namespace IterableAudience.Demo.Driving;

/// <summary>What the demo asks of the simulator beyond Iterable's own API: to forget somebody, who is on a list, how many calls there were.</summary>
internal sealed class SimulatorClient(Uri address) : IDisposable
{
    /// <summary>The key of the hybrid project that every simulator starts with.</summary>
    public const string HybridKey = "sim-hybrid";

    private const int HybridProject = 1001;

    private readonly JsonClient http = new(address);

    /// <summary>As if the person had been erased on request: Iterable refuses to take them back.</summary>
    public Task ForgetAsync(string email, CancellationToken cancellation)
        => http.PostAsync("/_sim/users", new JsonObject
        {
            ["project"] = HybridProject,
            ["users"] = new JsonArray(new JsonObject { ["email"] = email, ["forgotten"] = true }),
        }, cancellation);

    /// <summary>Everyone on a list, by both identifiers; each once, so that the number is the list's size.</summary>
    public async Task<List<Person>> MembersAsync(long listId, CancellationToken cancellation)
    {
        await using var body = await http.GetStreamAsync($"/_sim/state?users=false&project={HybridProject}&list={listId}", cancellation);
        using var state = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        var members = state.RootElement.GetProperty("projects")[0].GetProperty("lists")[0].GetProperty("members");
        var people = new List<Person>(members.GetArrayLength());
        foreach (var member in members.EnumerateArray())
        {
            people.Add(new(Text(member, "email"), Text(member, "userId")));
        }

        return people;
    }

    /// <summary>The calls so far, by kind (<c>Subscribe</c>, <c>Unsubscribe</c> …).</summary>
    public async Task<Dictionary<string, long>> CallsAsync(CancellationToken cancellation)
    {
        var requests = await http.GetAsync($"/_sim/requests?after={long.MaxValue}", cancellation);
        return requests["counters"]!["requests"]!.AsObject().ToDictionary(c => c.Key, c => (long)c.Value!, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Makes a static list.</summary>
    public async Task<long> MakeListAsync(string name, CancellationToken cancellation)
    {
        var list = await http.PostAsync("/_sim/lists", new JsonObject { ["project"] = HybridProject, ["name"] = name }, cancellation);
        return (long)list["listId"]!;
    }

    public void Dispose() => http.Dispose();

    private static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? value.GetString() : null;
}
