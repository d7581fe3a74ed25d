using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace IterableAudience.Iterable;

/// <summary>
/// The one place that repeats a request to Iterable. Three things are repeated: a failure that may pass (until the attempts are used up),
/// a 429 (until patience is; the pacer makes it wait), and a list that was made so recently that Iterable may not know it yet.
/// Sending again is harmless: subscribing a member and unsubscribing a stranger both succeed.
/// </summary>
internal sealed class IterableResilience
{
    private readonly IterableOptions options;
    private readonly ProjectPacers pacers;
    private readonly TimeProvider time;

    public IterableResilience(IOptions<IterableOptions> options, ProjectPacers pacers, TimeProvider time)
    {
        this.options = options.Value;
        this.pacers = pacers;
        this.time = time;
        Policy = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = int.MaxValue, // each call has its own limits
                ShouldHandle = args => ValueTask.FromResult(CallOf(args.Outcome) is { } call && SendAgain(call)),
                DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(Wait(CallOf(args.Outcome)!)),
            })
            .Build()
            .AsAsyncPolicy();
    }

    /// <summary>Attached to the typed client.</summary>
    public IAsyncPolicy<HttpResponseMessage> Policy { get; }

    private static IterableCall? CallOf(Outcome<HttpResponseMessage> outcome)
        => outcome.Result?.RequestMessage is { } request ? IterableCall.Of(request) : (outcome.Exception as AttemptFailedException)?.Call;

    private bool SendAgain(IterableCall call) => call.Answer!.Failure.Remedy switch
    {
        Remedy.SendAgain => call.Attempts < call.MaxAttempts,
        Remedy.SlowDown => call.FirstThrottled is { } first && pacers.For(call.Project).ThrottledSince(first) < call.ThrottlePatience,
        _ => call.IsListTooNew(time.GetUtcNow()),
    };

    private TimeSpan Wait(IterableCall call) => call.Answer!.Failure.Remedy switch
    {
        Remedy.SendAgain => Backoff.After(call.Attempts, options.BackoffBase, Random.Shared.NextDouble()),
        Remedy.SlowDown => TimeSpan.Zero,
        _ => Backoff.After(Math.Min(call.ListMisses, 4), options.BackoffBase, Random.Shared.NextDouble()),
    };
}
