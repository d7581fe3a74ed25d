using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace IterableAudience.Tests.Stores;

/// <summary>
/// Runs a theory on both stores: its parameter of type <see cref="StoreKind"/> says on which, the others get <paramref name="values"/>. Without a
/// PostgreSQL server the second run is skipped with the reason; where CI=true it fails instead.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class StoreDataAttribute(params object?[] values) : DataAttribute
{
    private StoreKind? _only;

    /// <summary>The one store that the sentence is about.</summary>
    public StoreKind Only
    {
        get => _only ?? throw new InvalidOperationException("It is about both.");
        set => _only = value;
    }

    private static bool IsCI => string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var place = Array.FindIndex(testMethod.GetParameters(), p => p.ParameterType == typeof(StoreKind));
        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>([.. Enum.GetValues<StoreKind>().Where(s => s == (_only ?? s)).Select(s => Row(s, place))]);
    }

    public override bool SupportsDiscoveryEnumeration() => true;

    private TheoryDataRow Row(StoreKind store, int place)
        => new([.. values[..place], store, .. values[place..]]) { Skip = store == StoreKind.PostgreSql && !IsCI ? PostgresServer.Missing : null };
}
