namespace IterableAudience.Syncs.Intake;

/// <summary>The stream of a pushed body, decompressed as its <c>Content-Encoding</c> says.</summary>
internal static class BodyStream
{
    /// <exception cref="BodyException">The encoding is not one that the service reads.</exception>
    public static Stream Open(Stream body, string? contentEncoding) => contentEncoding?.Trim().ToUpperInvariant() switch
    {
        null or "" or "IDENTITY" => body,
        "GZIP" or "X-GZIP" => new GzipBody(body),
        _ => throw new BodyException(BodyFault.UnsupportedEncoding, "The content encoding of the body is not supported. Send it with gzip, or without any."),
    };
}
