namespace IterableAudience.Iterable;

/// <summary>How a project stands with its budget, for estimates and metrics.</summary>
/// <param name="BudgetRate">Requests per second that the account allows; 0 before the first request.</param>
/// <param name="EffectiveRate">Requests per second at the moment: less than the budget after a 429; 0 before the first request.</param>
/// <param name="InFlight">Requests on the wire, of this node.</param>
/// <param name="MaxInFlight">How many may be, on this node; 0 before the first request.</param>
/// <param name="Waiting">Requests that wait for their turn, on this node.</param>
/// <param name="PausedFor">What is left of the pause after a 429; zero when there is none.</param>
/// <param name="AnswerTime">How long a request lately takes from its start to its whole answer; zero before the first.</param>
/// <param name="Started">Requests started so far, by this node.</param>
internal readonly record struct PaceStatus(
    double BudgetRate, double EffectiveRate, int InFlight, int MaxInFlight, int Waiting, TimeSpan PausedFor, TimeSpan AnswerTime, long Started)
{
    /// <summary>How long ago Iterable last answered 429 to this node; null: not since it started.</summary>
    public TimeSpan? ThrottledAgo { get; init; }
}
