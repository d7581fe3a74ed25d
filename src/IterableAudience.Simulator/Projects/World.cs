using IterableAudience.Simulator.Control;
using IterableAudience.Simulator.Faults;

namespace IterableAudience.Simulator.Projects;

/// <summary>Everything the simulator knows: projects and their keys, behaviour, queued faults, the log of requests.</summary>
internal sealed class World
{
    private readonly SimulatorOptions _options;
    private readonly TimeProvider _time;
    private Dictionary<string, ApiKey> _keys = [];
    private Dictionary<int, SimulatedProject> _projects = [];
    private long _lastListId;

    public World(SimulatorOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        Log = new RequestLog(options);
        Reset();
    }

    public DateTimeOffset Now => _time.GetUtcNow();

    public TimeProvider Time => _time;

    public Behaviour Behaviour { get; set; } = new();

    public FaultScript Faults { get; } = new();

    public RequestLog Log { get; }

    public RandomDraw Random { get; private set; } = new(0);

    public IReadOnlyList<SimulatedProject> Projects => [.. Volatile.Read(ref _projects).Values.OrderBy(project => project.Id)];

    /// <summary>The project of an id; throws when there is none.</summary>
    public SimulatedProject Project(int id) => _projects[id];

    /// <summary>The project that an API key opens; throws when there is none.</summary>
    public SimulatedProject Project(string apiKey) => _keys[apiKey].Project;

    public ApiKey? FindKey(string apiKey) => Volatile.Read(ref _keys).GetValueOrDefault(apiKey);

    /// <summary>Adds a project, or gives the one of this id a fresh start.</summary>
    public SimulatedProject AddProject(ProjectOptions options)
    {
        lock (_options)
        {
            var project = new SimulatedProject(this, options);
            _projects = new(_projects) { [options.Id] = project };
            var keys = _keys.Where(key => key.Value.Project.Id != options.Id).ToDictionary();
            foreach (var (key, type) in options.Keys)
                keys[key] = new ApiKey(project, type);
            _keys = keys;
            return project;
        }
    }

    /// <summary>Back to how the settings describe it.</summary>
    public void Reset()
    {
        lock (_options)
        {
            _projects = [];
            _keys = [];
            _lastListId = 500_000;
            Behaviour = _options.Behaviour;
            Random = new RandomDraw(_options.Seed);
            Faults.Clear();
            Log.Clear();
            foreach (var project in _options.Projects is { Count: > 0 } configured ? configured : [.. ProjectOptions.Defaults()])
                AddProject(project);
        }
    }

    public long NextListId() => Interlocked.Increment(ref _lastListId);
}

/// <summary>What an API key opens, and how far.</summary>
internal sealed class ApiKey(SimulatedProject project, KeyType type)
{
    public SimulatedProject Project { get; } = project;

    public KeyType Type { get; } = type;
}
