namespace IterableAudience.Iterable;

/// <summary>What one attempt brought: an answer of Iterable, or a failure to get one.</summary>
/// <param name="Failure">The line of the failure table; its category is None for a readable 2xx.</param>
/// <param name="Status">Null when no answer came.</param>
/// <param name="Summary">For operators; redacted.</param>
/// <param name="Content">What a readable 2xx says.</param>
/// <param name="Error">What a refusal says.</param>
/// <param name="RetryAfter">How long Iterable asks to wait, if it does.</param>
/// <param name="MayBeApplied">Iterable may have done what was asked, and nobody knows.</param>
internal sealed record Answer(
    Failure Failure,
    int? Status,
    string Summary,
    object? Content = null,
    ErrorAnswer? Error = null,
    TimeSpan? RetryAfter = null,
    bool MayBeApplied = false)
{
    public bool IsUnderstood => Failure.Remedy is not (Remedy.SendAgain or Remedy.SlowDown);

    public static Answer Failed(FailureCategory category, string summary, bool mayBeApplied)
        => new(Failures.Of(category), null, summary, MayBeApplied: mayBeApplied);

    /// <summary>Judges a whole answer.</summary>
    public static Answer Of(int status, byte[] body, TimeSpan? retryAfter, BodyReader read)
    {
        if (status is >= 200 and < 300)
        {
            return read(body) is { } content
                ? new Answer(Failures.Of(FailureCategory.None), status, content is ListAnswer list ? Redaction.Show(status, list) : $"{status}", content)
                : new Answer(Failures.Of(FailureCategory.Unreadable), status, $"{status} with {body.Length} bytes that can't be read", MayBeApplied: true);
        }

        var error = ErrorAnswer.Read(body);
        var failure = Failures.Of(Failures.Classify(status, error));
        return new Answer(failure, status, Redaction.Show(status, error), Error: error, RetryAfter: retryAfter, MayBeApplied: failure.MayBeApplied);
    }

    /// <summary>What an operator should read: what came, and what to check.</summary>
    public string MessageFor(IterableProject project)
    {
        var came = Status is null ? $"Iterable gave no answer: {Summary}." : $"Iterable answered {Summary.TrimEnd('.')}.";
        return $"{came} {string.Format(null, Failure.Advice, project.DataCenter)}".TrimEnd();
    }
}

/// <summary>Reads the body of a 2xx; null when it is empty, cut off, HTML or of the wrong shape.</summary>
internal delegate object? BodyReader(ReadOnlySpan<byte> body);
