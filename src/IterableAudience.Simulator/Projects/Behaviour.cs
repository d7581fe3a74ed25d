using IterableAudience.Simulator.Faults;

namespace IterableAudience.Simulator.Projects;

/// <summary>How the simulator behaves where Iterable's documents leave room, and how badly it behaves. Changed at run time as a whole.</summary>
internal sealed record Behaviour
{
    /// <summary>Every answer is held back this long, in milliseconds, after the call has had its effect.</summary>
    public int DelayMs { get; init; }

    /// <summary>Up to this much more, evenly spread.</summary>
    public int JitterMs { get; init; }

    /// <summary>How long what a call accepted takes to show in getUsers, size and the user calls.</summary>
    public int MembershipDelayMs { get; init; }

    /// <summary>How long subscribe and unsubscribe don't know a list that was just made.</summary>
    public int NewListDelayMs { get; init; }

    /// <summary>Whether a second list of the same name is refused. Iterable's documents don't say.</summary>
    public bool UniqueListNames { get; init; }

    /// <summary>More rows than this in a call are refused as BatchTooLarge; 0 means no limit, as documented.</summary>
    public int MaxSubscribers { get; init; }

    /// <summary>A longer body is answered with 413.</summary>
    public int MaxBodyBytes { get; init; } = 4_000_000;

    /// <summary>Requests a second that a project may make, all calls together; 0 means no limit.</summary>
    public double RequestsPerSecond { get; init; }

    /// <summary>How many requests may come at once before <see cref="RequestsPerSecond"/> binds.</summary>
    public int Burst { get; init; } = 1;

    /// <summary>Whether the documented limits of reading calls hold: lists 100 a second, users 100 a second, getUsers and size 5 a minute.</summary>
    public bool DocumentedReadLimits { get; init; }

    public RetryAfterForm RetryAfter { get; init; }

    /// <summary>Whether a 429 is the bare words "Too Many Requests".</summary>
    public bool PlainTextRateLimit { get; init; }

    public AnswerEra Answers { get; init; }

    /// <summary>Whether e-mails come back in lower case in the failure lists, instead of as sent.</summary>
    public bool LowercaseEchoes { get; init; }

    public UnidentifiableRow UnidentifiableRows { get; init; }

    public ConflictNaming Conflicts { get; init; }

    /// <summary>The probability of each fault for a call, drawn from <see cref="SimulatorOptions.Seed"/>.</summary>
    public IReadOnlyDictionary<FaultKind, double> RandomFaults { get; init; } = new Dictionary<FaultKind, double>();
}

/// <summary>Which Retry-After header a 429 has.</summary>
internal enum RetryAfterForm
{
    /// <summary>None, as in every recorded 429.</summary>
    None,
    Seconds,
    HttpDate,
}

/// <summary>The shape of answers, which grew over the years.</summary>
internal enum AnswerEra
{
    /// <summary>Top-level arrays and <c>failedUpdates</c>, as documented.</summary>
    Today,

    /// <summary>Only <c>invalidEmails</c> and <c>invalidUserIds</c>.</summary>
    Recorded2021,

    /// <summary>Only <c>invalidEmails</c>; an unknown userId is a 400 in plain text.</summary>
    Recorded2017,
}

/// <summary>What a row does that names nobody the project can act on: a userId unknown to an email-based project, an e-mail alone in a userId-based one.</summary>
internal enum UnidentifiableRow
{
    FailsAlone,
    RefusesTheCall,
}

/// <summary>Which value a conflict of identities lists.</summary>
internal enum ConflictNaming
{
    /// <summary>The e-mail of the row, in <c>conflictEmails</c>.</summary>
    Row,

    /// <summary>
    /// The userId of the profile that holds the e-mail, in <c>conflictUserIds</c>: a value that the row doesn't contain, though another row of the
    /// request may. The e-mail, where the profile has no userId.
    /// </summary>
    Holder,
}
