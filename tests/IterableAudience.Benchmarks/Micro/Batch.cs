using IterableAudience.Benchmarks.Generator;
using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Micro;

/// <summary>A full batch: the first thousand valid people of the generator.</summary>
internal static class Batch
{
    public const int Size = 1000;

    public static Identity[] Subscribers { get; } =
        [.. new RecordGenerator(seed: 7).Take(2 * Size).Select(r => r.Truth.IdentityIn(ProjectType.Hybrid)).Where(i => i != default).Take(Size)];
}
