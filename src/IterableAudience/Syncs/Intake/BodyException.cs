namespace IterableAudience.Syncs.Intake;

/// <summary>Why a pushed body can't be taken as a whole; nothing of it may be sent.</summary>
internal enum BodyFault
{
    /// <summary>The document is not JSON, breaks off, or has no array <c>records</c>.</summary>
    NotJson,

    /// <summary>The body ended before its end: the sender is gone, or the compressed data is not whole.</summary>
    CutOff,

    /// <summary>The sender sent nothing for too long.</summary>
    Silent,

    /// <summary>The body, or one value in it, is larger than the service takes.</summary>
    TooLarge,

    /// <summary>The body has a content encoding that the service doesn't read.</summary>
    UnsupportedEncoding,
}

/// <summary>A pushed body can't be taken. The message says what is wrong and how to mend it, and holds nothing of the body.</summary>
internal sealed class BodyException(BodyFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public BodyFault Fault { get; } = fault;
}
