using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>
/// One attempt, innermost before the wire: waits for its turn, sends, reads the answer to its last byte and judges it. An answer that can't be
/// read is a failed attempt like a broken connection, which is why this happens inside the pipeline.
/// </summary>
internal sealed partial class AttemptHandler(
    ProjectPacers pacers,
    LastCall lastCall,
    IOptions<IterableOptions> options,
    TimeProvider time,
    ILogger<AttemptHandler> logger) : DelegatingHandler
{
    private const long LargestAnswer = 64 * 1024 * 1024;

    /// <summary>
    /// Sends once. <paramref name="stop"/> ends the wait for a turn; a request on the wire is awaited until the <see cref="LastCall"/>, since its answer says what was done.
    /// </summary>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
    {
        var call = IterableCall.Of(request);
        var pacer = pacers.For(call.Project);
        var asked = time.GetTimestamp();
        using var permit = await EnterAsync(pacer, call, stop);
        stop.ThrowIfCancellationRequested(); // turn and stop may have come together

        using var span = IterableTelemetry.Start(request, call, time.GetElapsedTime(asked, permit.StartedAt));
        var at = time.GetUtcNow();
        var (answer, response, exception) = await AttemptAsync(request, call);
        var attempt = call.Note(answer, permit.StartedAt, time.GetUtcNow());
        var took = time.GetElapsedTime(permit.StartedAt);
        IterableTelemetry.End(span, request, answer, took);
        if (answer.Failure.Remedy == Remedy.SlowDown)
        {
            var pause = await pacer.ThrottledAsync(permit, answer.RetryAfter, options.Value.BackoffBase, Random.Shared.NextDouble());
            IterableTelemetry.Paused(pause);
            Log.Throttled(logger, call.Project.ProjectKey, pause.TotalSeconds, pacer.Status.EffectiveRate);
        }
        else if (answer.Status is not null)
        {
            pacer.Answered(permit);
        }

        call.Log?.Invoke(new AttemptReport(at, took, attempt, answer)); // who reads of a 429 finds the project paused
        return response ?? throw new AttemptFailedException(call, exception);
    }

    /// <summary>Waits for a turn while the gate is open: a node that may have lost its syncs takes no turn from others, and uses none that it got too late.</summary>
    private async Task<ProjectPacer.Permit> EnterAsync(ProjectPacer pacer, IterableCall call, CancellationToken stop)
    {
        while (true)
        {
            if (call.Gate is { } gate)
            {
                await gate.WhenOpenAsync(stop);
            }

            var permit = await pacer.EnterAsync(pacers.LimitsOf(call.Project), call.Queue, call.PausePatience, stop);
            if (call.Gate is null or { IsOpen: true })
            {
                return permit;
            }

            permit.Dispose();
        }
    }

    private async Task<(Answer, HttpResponseMessage?, Exception?)> AttemptAsync(HttpRequestMessage request, IterableCall call)
    {
        using var timeout = new CancellationTokenSource(options.Value.AttemptTimeout, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, lastCall.Token);
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, end.Token);
            response.RequestMessage = request;
            await response.Content.LoadIntoBufferAsync(LargestAnswer, end.Token);
            var body = await response.Content.ReadAsByteArrayAsync(end.Token);
            return (Answer.Of((int)response.StatusCode, body, RetryAfter(response), call.Read), response, null);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested)
        {
            response?.Dispose();
            return (Answer.Failed(FailureCategory.TimedOut, $"no answer within {options.Value.AttemptTimeout.TotalSeconds:0.###} s", mayBeApplied: true), null, e);
        }
        catch (OperationCanceledException e) when (lastCall.Token.IsCancellationRequested)
        {
            response?.Dispose();
            call.IsGivenUp = true;
            return (Answer.Failed(FailureCategory.TimedOut, "not waited for any longer, since the service stops", mayBeApplied: true), null, e);
        }
        catch (Exception e) when (response is not null && e is InvalidDataException or InvalidOperationException)
        {
            // compressed, says the answer, and is not
            var status = (int)response!.StatusCode;
            response.Dispose();
            return (Answer.Failed(FailureCategory.Unreadable, $"{status} with a body that can't be decompressed", mayBeApplied: true), null, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            response?.Dispose();
            var arrived = Failures.MayHaveArrived(e);
            var error = (e as HttpRequestException)?.HttpRequestError ?? (e as HttpIOException)?.HttpRequestError ?? HttpRequestError.Unknown;
            return (Answer.Failed(FailureCategory.Unreachable, arrived ? $"the connection broke ({error})" : $"no connection ({error})", arrived), null, e);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var after = response.Headers.RetryAfter;
        var wait = after?.Delta ?? (after?.Date - time.GetUtcNow());
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Information, "Iterable project {ProjectKey} is over its rate limit: all its requests pause for {Seconds:0.0} s and go on at {Rate:0.##} a second")]
        public static partial void Throttled(ILogger logger, string projectKey, double seconds, double rate);
    }
}

/// <summary>An attempt that brought no answer; <see cref="IterableCall.Answer"/> says why.</summary>
internal sealed class AttemptFailedException(IterableCall call, Exception? inner) : Exception("The attempt brought no answer.", inner)
{
    public IterableCall Call { get; } = call;
}
