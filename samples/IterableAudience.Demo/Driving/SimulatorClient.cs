using System.Text.Json.Nodes;
using IterableAudience.Demo.Expected;

namespace IterableAudience.Demo.Driving;

/// <summary>What the demo asks of the simulator beyond Iterable's own API: to forget somebody, and who is on a list.</summary>
internal sealed class SimulatorClient(Uri address) : IDisposable
{
    /// <summary>The key of the hybrid project that every simulator starts with.</summary>
    public const string HybridKey = "sim-hybrid";

    private const int HybridProject = 1001;

    private readonly JsonClient http = new(address);

    /// <summary>As if the person had been erased on request: Iterable refuses to take them back.</summary>
    public Task ForgetAsync(string email, CancellationToken cancellation)
        => http.PostAsync($"/_sim/projects/{HybridProject}/forget", new JsonObject { ["email"] = email }, cancellation);

    public async Task<SortedSet<Person>> MembersAsync(long listId, CancellationToken cancellation)
    {
        var members = await http.GetAsync($"/_sim/projects/{HybridProject}/lists/{listId}/members", cancellation);
        return [.. members.AsArray().Select(m => new Person((string?)m!["email"], (string?)m["userId"]))];
    }

    public void Dispose() => http.Dispose();
}
