using IterableAudience.Simulator.Api;

namespace IterableAudience.Simulator.Faults;

/// <summary>What goes wrong with a call.</summary>
internal enum FaultKind
{
    /// <summary>Not processed; answered with <see cref="FaultRule.Status"/> (500) and <see cref="FaultRule.Body"/> (Iterable's GenericError).</summary>
    Respond,

    /// <summary>Not processed; a 429.</summary>
    RateLimit,

    /// <summary>Processed; answered with 200 (or <see cref="FaultRule.Status"/>) and a page of HTML.</summary>
    Html,

    /// <summary>Processed; answered with 200 and no body.</summary>
    Empty,

    /// <summary>Processed; half of the answer arrives, then the connection breaks.</summary>
    Truncate,

    /// <summary>Not processed; the connection breaks.</summary>
    ResetBefore,

    /// <summary>Processed; the connection breaks before the answer: it is lost.</summary>
    ResetAfter,

    /// <summary>Not processed; no answer until the client gives up.</summary>
    Hang,

    /// <summary>Processed; no answer until the client gives up.</summary>
    HangAfter,

    /// <summary>Processed; <see cref="FaultRule.Rows"/> successes are counted as failures that no list names.</summary>
    FailUnnamed,

    /// <summary>Processed; successCount is <see cref="FaultRule.Rows"/> too small, failCount is right.</summary>
    CountTooSmall,
}

/// <summary>A fault for the next calls that match.</summary>
internal sealed record FaultRule
{
    public required FaultKind Fault { get; init; }

    public FaultTarget On { get; init; } = new();

    /// <summary>How many matching calls go by unharmed first.</summary>
    public int Skip { get; init; }

    /// <summary>How many calls are harmed; 0 means all of them.</summary>
    public int Times { get; init; } = 1;

    public int? Status { get; init; }

    public string? Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Retry-After in seconds.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Retry-After as the HTTP date this many seconds from now.</summary>
    public int? RetryAfterDateSeconds { get; init; }

    /// <summary>Whether a 429 is the bare words "Too Many Requests".</summary>
    public bool PlainText { get; init; }

    public int Rows { get; init; } = 1;
}

/// <summary>Which calls a fault is for; what is left out matches all.</summary>
internal sealed record FaultTarget
{
    public CallKind? Kind { get; init; }

    /// <summary>The beginning of the path, from <c>/api/</c>.</summary>
    public string? Path { get; init; }

    public int? Project { get; init; }

    public long? ListId { get; init; }

    /// <summary>An e-mail (in any case) or a userId (exactly) that one of the rows has.</summary>
    public string? Identifier { get; init; }

    public bool Matches(ApiCall call)
        => (Kind is null || Kind == call.Kind)
            && (Path is null || call.Path.StartsWith(Path, StringComparison.OrdinalIgnoreCase))
            && (Project is null || Project == call.Project.Id)
            && (ListId is null || ListId == call.ListId)
            && (Identifier is null || call.Subscribers?.Names(Identifier) == true);
}
