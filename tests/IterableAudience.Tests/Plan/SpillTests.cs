using IterableAudience.Syncs.Plan;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>What is dealt out while planning comes back whole and in order, from memory, from the file, or from both.</summary>
public sealed class SpillTests
{
    [Theory]
    [InlineData(1, 100)]
    [InlineData(1, 100_000)]
    [InlineData(256, 2_560)]
    [InlineData(256, 256_000)]
    public void What_was_appended_comes_back_in_order(int partitions, int inMemory)
    {
        var random = new Random(partitions + inMemory);
        List<byte>[] expected = [.. Enumerable.Range(0, partitions).Select(_ => new List<byte>())];
        using var spill = new Spill(partitions, inMemory);
        for (var i = 0; i < 5_000; i++)
        {
            // Mostly small ones; some larger than a partition's share of the memory, a few larger than all of it.
            var bytes = new byte[random.Next(100) switch { 0 => 2 * inMemory, < 10 => 1 + (random.Next(4) * inMemory / 256), _ => random.Next(50) }];
            if (bytes.Length > 10_000 && i % 100 != 0)
                continue;
            random.NextBytes(bytes);
            var partition = random.Next(partitions);
            spill.Append(partition, bytes);
            expected[partition].AddRange(bytes);
            if (i % 1_000 == 999)
                AssertHolds(expected, spill);
        }

        AssertHolds(expected, spill);
    }

    private static void AssertHolds(List<byte>[] expected, Spill spill)
    {
        for (var partition = 0; partition < expected.Length; partition++)
        {
            using var read = spill.Read(partition);
            Assert.Equal(expected[partition].Count, read.Length);
            Assert.True(read.Span.SequenceEqual(expected[partition].ToArray()), $"Partition {partition} differs.");
        }
    }
}
