namespace IterableAudience.Simulator.Identifiers;

/// <summary>The documented form of a userId: 1 to 52 printable ASCII characters, no trailing space. A leading space is part of the id.</summary>
internal static class UserIdForm
{
    public const int MaxLength = 52;

    public static bool IsValid(ReadOnlySpan<byte> userId)
        => userId.Length is > 0 and <= MaxLength
            && !userId.ContainsAnyExceptInRange((byte)' ', (byte)'~')
            && userId[^1] != (byte)' ';
}
