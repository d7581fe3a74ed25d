namespace IterableAudience.Benchmarks.Generator;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014), seeded anew for every record: record n of a seed is the same whatever came before it, on every machine and
/// every version of .NET, which <see cref="Random"/> doesn't promise.
/// </summary>
internal struct Draw(ulong seed, long index)
{
    private ulong state = Mix(seed) ^ ((ulong)index * 0x9E3779B97F4A7C15UL);

    public ulong Next() => Mix(state += 0x9E3779B97F4A7C15UL);

    /// <summary>A number from 0 to <paramref name="below"/> - 1. The bias of the modulus is far below what a benchmark could notice.</summary>
    public int Below(int below) => (int)(Next() % (uint)below);

    /// <summary>True in <paramref name="percent"/> of 100 draws.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    public T Of<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
