namespace IterableAudience.Store;

/// <summary>A piece of a blob; <see cref="None"/> where there is none.</summary>
internal readonly record struct Slice(int Offset, int Length)
{
    public static readonly Slice None = new(0, -1);

    public bool Exists => Length >= 0;

    public ReadOnlySpan<byte> Of(byte[] blob) => Length > 0 ? blob.AsSpan(Offset, Length) : [];
}
