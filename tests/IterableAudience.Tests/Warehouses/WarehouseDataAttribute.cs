using System.Reflection;
using IterableAudience.Tests.Stores;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace IterableAudience.Tests.Warehouses;

/// <summary>Which warehouse a test runs on.</summary>
public enum WarehouseKind
{
    DuckDb,
    Postgres,
}

/// <summary>
/// Runs a theory on every kind of warehouse: its first parameter says on which, the others get <paramref name="values"/>. Without a PostgreSQL server that run
/// is skipped with the reason; where CI=true it fails instead.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class WarehouseDataAttribute(params object?[] values) : DataAttribute
{
    private static bool IsCI => string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
        => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>([.. Enum.GetValues<WarehouseKind>().Select(Row)]);

    public override bool SupportsDiscoveryEnumeration() => true;

    private TheoryDataRow Row(WarehouseKind kind)
        => new([kind, .. values]) { Skip = kind == WarehouseKind.Postgres && !IsCI ? PostgresServer.Missing : null };
}
