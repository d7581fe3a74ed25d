using IterableAudience.Simulator.Control;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Lists;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Api;

/// <summary>
/// The way of a call:
/// (1) read the body, (2) check the key, (3) choose a fault, (4) keep the rate limit, (5) have the effect, (6) hold the answer back, (7) send it, or
/// spoil it. Everything up to the effect happens at the moment the call came in; a client that gives up during (6) has lost the answer, not the effect.
/// </summary>
internal sealed class ApiPipeline(World world, IHostApplicationLifetime lifetime)
{
    public RequestDelegate Serve(CallKind kind, Func<ApiCall, ApiAnswer> answer) => context => HandleAsync(context, kind, call => (null, answer(call)));

    public RequestDelegate ServeSubscribers(CallKind kind) => context => HandleAsync(context, kind, SubscriberCalls.Apply);

    public static Task ServeUnknownAsync(HttpContext context) => SendAsync(context, ApiErrors.ActionNotFound(context), context.RequestAborted);

    private async Task HandleAsync(HttpContext context, CallKind kind, Func<ApiCall, (BulkAnswer?, ApiAnswer?)> effect)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var entry = world.Log.Begin(kind, context.Request.Path, world.Now);
        try
        {
            await AnswerAsync(context, kind, effect, entry, stopping.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or BadHttpRequestException)
        {
            entry.ClientGaveUp = true;
            context.Abort();
        }
        finally
        {
            world.Log.End(entry, world.Now);
        }
    }

    private async Task AnswerAsync(
        HttpContext context, CallKind kind, Func<ApiCall, (BulkAnswer?, ApiAnswer?)> effect, RequestLogEntry entry, CancellationToken cancellationToken)
    {
        using var body = await RequestBody.ReadAsync(context.Request, world.Behaviour.MaxBodyBytes, cancellationToken);     // (1)
        var (project, refusal) = KeyCheck.Admit(world, kind, context);                                                       // (2)
        if (project is null || body.IsTooLarge)
        {
            await SendAsync(context, refusal ?? ApiErrors.BodyTooLarge(), cancellationToken, entry);
            return;
        }

        var call = new ApiCall(kind, world, project, context, body.Memory)
        {
            Subscribers = kind is CallKind.Subscribe or CallKind.Unsubscribe ? SubscribersReader.Read(body.Memory) : null,
        };
        world.Log.Describe(entry, call);
        var fault = world.Faults.Take(call) ?? world.Random.Fault(call.Behaviour);                                           // (3)
        entry.Fault = fault is null ? null : FaultNames.Of(fault.Fault);
        if (fault?.Fault is FaultKind.Hang)
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        if (fault?.Fault is FaultKind.ResetBefore)
        {
            context.Abort();
            return;
        }

        var answer = Spoilt.InsteadOf(call, fault) ?? LimitRate(call);                                                      // (4)
        if (answer is null)
        {
            var (bulk, other) = effect(call);                                                                                // (5)
            Spoilt.Counts(bulk, fault);
            answer = Spoilt.After(bulk?.ToAnswer(call.Behaviour) ?? other!, fault);
        }

        if (world.Random.Delay(call.Behaviour) is { Ticks: > 0 } delay)
            await Task.Delay(delay, world.Time, cancellationToken);                                                          // (6)
        switch (fault?.Fault)                                                                                                // (7)
        {
            case FaultKind.HangAfter:
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                break;
            case FaultKind.ResetAfter:
                context.Abort();
                break;
            case FaultKind.Truncate:
                await SendHalfAsync(context, answer, cancellationToken);
                break;
            default:
                await SendAsync(context, answer, cancellationToken, entry);
                break;
        }
    }

    private static ApiAnswer? LimitRate(ApiCall call)
    {
        var behaviour = call.Behaviour;
        if (call.Project.Limits.Check(call.Kind, behaviour, call.Now) is not { } hit)
            return null;
        return ApiErrors.RateLimited(
            call, hit.Limit, ApiErrors.RetryAfter(behaviour.RetryAfter, hit.Wait, call.Now), behaviour.PlainTextRateLimit);
    }

    private static async Task SendAsync(HttpContext context, ApiAnswer answer, CancellationToken cancellationToken, RequestLogEntry? entry = null)
    {
        var response = context.Response;
        if (entry is not null)
            entry.Status = answer.Status;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        if (answer.RetryAfter is not null)
            response.Headers.RetryAfter = answer.RetryAfter;
        response.Headers["Iterable-Request-Id"] = context.TraceIdentifier;
        if (answer.Stream is not null)
        {
            await answer.Stream(response.BodyWriter, cancellationToken);
            return;
        }

        response.ContentLength = answer.Body.Length;
        await response.BodyWriter.WriteAsync(answer.Body, cancellationToken);
    }

    private static async Task SendHalfAsync(HttpContext context, ApiAnswer answer, CancellationToken cancellationToken)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.ContentLength = Math.Max(2, answer.Body.Length);
        await response.BodyWriter.WriteAsync(answer.Body[..(answer.Body.Length / 2)], cancellationToken);
        await response.BodyWriter.FlushAsync(cancellationToken);
        context.Abort();
    }
}
