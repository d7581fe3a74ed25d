using System.Reflection;
using IterableAudience.Tests.Stores;
using IterableAudience.Tests.Warehouses;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace IterableAudience.Tests.Mirror;

/// <summary>How the changes of a source are found.</summary>
public enum Way
{
    /// <summary>In the warehouse: sync logs are on.</summary>
    Snapshot,

    /// <summary>By the service: sync logs are off.</summary>
    Ledger,
}

/// <summary>Runs a theory on every kind of warehouse and in both ways; its first two parameters say which, the others get <paramref name="values"/>.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class MirrorDataAttribute(params object?[] values) : DataAttribute
{
    /// <summary>False for rules that know neither the warehouse nor the way: then each of either comes once.</summary>
    public bool Crossed { get; set; } = true;

    private static bool IsCI => string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
        => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. from kind in Enum.GetValues<WarehouseKind>() from way in Enum.GetValues<Way>() where Crossed || (kind == WarehouseKind.DuckDb) == (way == Way.Snapshot) select Row(kind, way)]);

    public override bool SupportsDiscoveryEnumeration() => true;

    private TheoryDataRow Row(WarehouseKind kind, Way way)
        => new([kind, way, .. values]) { Skip = kind == WarehouseKind.Postgres && !IsCI ? PostgresServer.Missing : null };
}
