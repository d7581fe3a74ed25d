using System.Text.Json.Serialization;

namespace IterableAudience.Simulator.Projects;

/// <summary>How a simulated project identifies its users. (The simulator shares no code with the service it is there to test.)</summary>
internal enum SimulatedProjectType
{
    EmailBased,

    [JsonStringEnumMemberName("userId-based")]
    UserIdBased,

    Hybrid,
}

internal enum DataCenter
{
    [JsonStringEnumMemberName("US")]
    Us,

    [JsonStringEnumMemberName("EU")]
    Eu,
}

internal enum KeyType
{
    /// <summary>May do everything.</summary>
    ServerSide,

    /// <summary>May read lists and users.</summary>
    ReadOnly,

    /// <summary>A mobile or web key: none of the calls here is open to it.</summary>
    ClientSide,

    Disabled,
}

/// <summary>A project as the settings or <c>POST /_sim/projects</c> describe it.</summary>
internal sealed class ProjectOptions
{
    public int Id { get; set; }

    public string Name { get; set; } = "";

    public SimulatedProjectType Type { get; set; } = SimulatedProjectType.Hybrid;

    public DataCenter DataCenter { get; set; }

    /// <summary>The project's API keys and what each may do.</summary>
    public Dictionary<string, KeyType> Keys { get; set; } = [];

    /// <summary>The projects there are when the settings name none.</summary>
    public static IReadOnlyList<ProjectOptions> Defaults() =>
    [
        new()
        {
            Id = 1001,
            Name = "Hybrid",
            Keys = new()
            {
                ["sim-hybrid"] = KeyType.ServerSide,
                ["sim-readonly"] = KeyType.ReadOnly,
                ["sim-client"] = KeyType.ClientSide,
                ["sim-disabled"] = KeyType.Disabled,
            },
        },
        new() { Id = 1002, Name = "E-mail", Type = SimulatedProjectType.EmailBased, Keys = new() { ["sim-email"] = KeyType.ServerSide } },
        new() { Id = 1003, Name = "UserId", Type = SimulatedProjectType.UserIdBased, Keys = new() { ["sim-userid"] = KeyType.ServerSide } },
        new() { Id = 1004, Name = "Europe", DataCenter = DataCenter.Eu, Keys = new() { ["sim-eu"] = KeyType.ServerSide } },
    ];
}
