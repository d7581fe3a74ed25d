namespace IterableAudience.Iterable;

/// <summary>What is wrong with a call to Iterable; a closed set. the failure table says what follows from each.</summary>
public enum FailureCategory
{
    /// <summary>Nothing: the answer is there and readable.</summary>
    None,

    /// <summary>401: the key is wrong, disabled or of the wrong kind, or the project lives in the other data center. Iterable's answer is the same for all of them.</summary>
    WrongKey,

    /// <summary>403: the key is known and may not do this.</summary>
    Forbidden,

    /// <summary>The project has no list with this id.</summary>
    UnknownList,

    /// <summary>404, a redirect or another answer that no Iterable endpoint gives: something else listens there.</summary>
    WrongAddress,

    /// <summary>400 or 409 for what a request says: one of its rows, or the request as a whole.</summary>
    Refused,

    /// <summary>400 for a part of the request that isn't a row, such as its list id.</summary>
    RefusedAsAWhole,

    /// <summary>413 or <c>BatchTooLarge</c>: fewer rows would do.</summary>
    TooLarge,

    /// <summary>429: the project is over its rate limit.</summary>
    Throttled,

    /// <summary>408 or 5xx: Iterable is in trouble.</summary>
    Unavailable,

    /// <summary>No connection, or one that broke before the answer was there.</summary>
    Unreachable,

    /// <summary>No whole answer within <see cref="IterableOptions.AttemptTimeout"/>.</summary>
    TimedOut,

    /// <summary>A 200 whose body is empty, cut off, HTML or of an unknown shape.</summary>
    Unreadable,
}
