using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace IterableAudience.Tests.Stores;

/// <summary>
/// Runs a theory on both stores: its last parameter is a <see cref="StoreKind"/>, the ones before it get <paramref name="values"/>. Without a
/// PostgreSQL server the second run is skipped with the reason; where CI=true it fails instead.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class StoreDataAttribute(params object?[] values) : DataAttribute
{
    private static bool IsCI => string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
        => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
        [
            new TheoryDataRow([.. values, StoreKind.Sqlite]),
            new TheoryDataRow([.. values, StoreKind.PostgreSql]) { Skip = IsCI ? null : PostgresServer.Missing },
        ]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
