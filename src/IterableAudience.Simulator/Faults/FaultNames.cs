using System.Collections.Frozen;
using System.Text.Json;

namespace IterableAudience.Simulator.Faults;

/// <summary>The names of faults in JSON.</summary>
internal static class FaultNames
{
    private static readonly FrozenDictionary<FaultKind, string> Names =
        Enum.GetValues<FaultKind>().ToFrozenDictionary(kind => kind, kind => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString()));

    public static string Of(FaultKind kind) => Names[kind];
}
