namespace IterableAudience.Iterable;

/// <summary>One request that went to Iterable for a batch, as operators may see it.</summary>
/// <param name="At">When it started.</param>
/// <param name="Kind">Subscribe or unsubscribe.</param>
/// <param name="Size">Rows in it; 0 for the empty request that asks whether it is the rows at all that Iterable refuses.</param>
/// <param name="Status">HTTP status; null when no answer came.</param>
/// <param name="Duration">From start to the last byte of the answer, or to the failure.</param>
/// <param name="Attempt">Which of the attempts, from 1. A throttled request, or one for a list that is too new, uses up none: the next one has the same number.</param>
/// <param name="Answer">What Iterable said, without any identifier, key or header.</param>
/// <param name="Throttled">It was answered by a 429.</param>
/// <param name="Isolation">A part of a batch, sent again to find the bad rows.</param>
internal readonly record struct RequestLogEntry(
    DateTimeOffset At,
    OperationKind Kind,
    int Size,
    int? Status,
    TimeSpan Duration,
    int Attempt,
    string Answer,
    bool Throttled,
    bool Isolation);
