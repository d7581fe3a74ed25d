namespace IterableAudience.Benchmarks.Pages;

/// <summary>What a page cost each time it was asked for.</summary>
/// <param name="What">In words.</param>
/// <param name="Path">Of the page, with its query.</param>
/// <param name="FirstByte">Milliseconds from the request to the first byte of the body.</param>
/// <param name="Whole">Milliseconds to the last byte.</param>
/// <param name="Bytes">Of the body, the largest; as it comes when no compression is asked for.</param>
internal sealed record PageTimes(string What, string Path, IReadOnlyList<double> FirstByte, IReadOnlyList<double> Whole, long Bytes)
{
    public double Median => Middle(FirstByte);

    public double Worst => FirstByte.Max();

    public double MedianWhole => Middle(Whole);

    private static double Middle(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

/// <summary>A stylesheet, script or font that pages load.</summary>
/// <param name="Path">With the hash of its content, if it has one.</param>
/// <param name="Sent">Bytes of the answer to a browser, which takes Brotli and gzip.</param>
/// <param name="Encoding">How it was compressed; empty: not at all.</param>
/// <param name="Everywhere">The overview loads it too, not only the page of a connection.</param>
internal sealed record PageFile(string Path, long Sent, string Encoding, bool Everywhere);
