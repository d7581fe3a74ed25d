using System.Globalization;
using System.Text.Json.Nodes;
using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Intake;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace IterableAudience.Syncs;

/// <summary>The route that takes pushed records.</summary>
internal static class PushEndpoint
{
    private const string Ndjson = "application/x-ndjson";
    private const int LongestWait = 60;
    private static readonly TimeSpan TimeForTheAnswer = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan KeyKept = TimeSpan.FromHours(24);

    private const string JsonExample = """
        { "records": [
          { "action": "insert", "primaryKey": "1", "fields": { "EMAIL": " Ada@Example.com ", "ID": "u-1" } },
          { "action": "insert", "primaryKey": "2", "fields": { "EMAIL": "grace@example.org", "ID": "u-2" } },
          { "action": "insert", "primaryKey": "3", "fields": { "EMAIL": "no address", "ID": " padded " } } ] }
        """;

    private const string NdjsonExample = """
        {"action":"insert","primaryKey":"4","fields":{"EMAIL":"edsger@example.net","ID":"u-4"}}
        {"action":"delete","primaryKey":"1"}
        """;

    public static void MapPush(this RouteGroupBuilder connections)
        => connections.MapPost("/{id}/syncs", Take).Needs(Roles.Operator)
            .Streams("application/json", Ndjson)
            .Produces<SyncView>()
            .Produces<StartedSync>(StatusCodes.Status202Accepted)
            .Example(JsonExample, name: "Two people, and one that validation refuses")
            .Example(NdjsonExample, Ndjson, "One comes, one goes")
            .Answers(409, 413, 415, 503);

    /// <summary>Pushes records and starts a sync of them.</summary>
    /// <remarks>
    /// The body is <c>{"records":[…]}</c> or one record a line (NDJSON), of any length, also with <c>Content-Encoding: gzip</c>; it is read as a stream.
    /// Answers 202 once the whole body is stored, or with <c>wait</c> 200 and the finished sync. The same <c>Idempotency-Key</c> answers with the same sync and runs nothing twice,
    /// whatever else the request asks for: a push after a dry run needs a key of its own.
    /// </remarks>
    /// <param name="id">The connection.</param>
    /// <param name="request">The request.</param>
    /// <param name="db">The store.</param>
    /// <param name="push">Stages the body.</param>
    /// <param name="monitor">The running syncs.</param>
    /// <param name="intake">How bodies are read.</param>
    /// <param name="time">The clock.</param>
    /// <param name="syncType"><c>incremental</c> (default), or <c>full</c>: the records are the whole audience, and members that are absent leave.</param>
    /// <param name="dryRun">Plan only; nothing is sent.</param>
    /// <param name="resend">In a full push: send what the ledger already holds, too.</param>
    /// <param name="expectedRecords">How many records the sender means to send; another number aborts the sync.</param>
    /// <param name="wait">Seconds to wait for the end, 0 to 60.</param>
    /// <param name="key">The sender's own name for this push, kept 24 hours: sent again it answers with the same sync.</param>
    /// <param name="cancellation">Set when the sender is gone.</param>
    private static async Task<IResult> Take(
        string id,
        HttpRequest request,
        StoreContext db,
        Push push,
        SyncMonitor monitor,
        IOptions<IntakeOptions> intake,
        TimeProvider time,
        [FromQuery] string? syncType,
        [FromQuery] string? dryRun,
        [FromQuery] string? resend,
        [FromQuery] string? expectedRecords,
        [FromQuery] string? wait,
        [FromHeader(Name = "Idempotency-Key")] string? key,
        CancellationToken cancellation)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && !c.Deleted, cancellation) is not { } connection)
        {
            return ProblemAnswer.NotFound("connection");
        }

        if (Options(syncType, dryRun, resend, expectedRecords, wait, out var options) is { } problem)
        {
            return problem;
        }

        if (MediaType(request, out var ndjson) is { } unsupported)
        {
            return unsupported;
        }

        key ??= "";
        if (key.Length > 255)
        {
            return ProblemAnswer.BadField("Idempotency-Key", "must be 255 characters at most.");
        }

        AllowLongBody(request);
        if (key.Length > 0 && await KnownAsync(db, connection, key, time, cancellation) is { } known)
        {
            return await AnswerKnownAsync(known, connection, request, ndjson, monitor, intake.Value, time, options, db, cancellation);
        }

        var obstacle = await SyncEndpoints.ObstacleAsync(db, connection, cancellation);
        var sync = obstacle is null ? await push.ClaimAsync(connection, options, key.Length > 0 ? key : null, cancellation) : null;
        if (sync is null)
        {
            // Somebody was faster; perhaps the same push, sent twice at once.
            return key.Length > 0 && await KnownAsync(db, connection, key, time, cancellation) is { } twin
                ? await AnswerKnownAsync(twin, connection, request, ndjson, monitor, intake.Value, time, options, db, cancellation)
                : obstacle ?? await SyncEndpoints.OvertakenAsync(db, connection, cancellation);
        }

        try
        {
            await using var body = BodyStream.Open(request.Body, request.Headers.ContentEncoding);
            await push.StageAsync(sync, connection, body, ndjson, cancellation);
        }
        catch (BodyException fault)
        {
            return Refused(fault, sync.Id);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            if (monitor.Stopping.IsCancellationRequested)
            {
                return CutOff(request, sync.Id);
            }

            return ProblemAnswer.Conflict("The sync was stopped while its body was coming in. Nothing was sent.").With("syncId", sync.Id);
        }

        return await AnswerAsync(db, connection.Id, sync.No, options.Wait, monitor, time, cancellation);
    }

    /// <summary>Waits for the end if asked to, and answers 200 with the closed sync, else 202.</summary>
    internal static async Task<IResult> AnswerAsync(
        StoreContext db, string connectionId, long syncNo, TimeSpan wait, SyncMonitor monitor, TimeProvider time, CancellationToken cancellation)
    {
        if (wait > TimeSpan.Zero && monitor.Find(syncNo) is { } progress)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation, monitor.Stopping);
            await Task.WhenAny(progress.Closed.Task, Task.Delay(wait, time, enough.Token));
        }

        var sync = await db.Syncs.AsNoTracking().SingleAsync(s => s.No == syncNo, cancellation);
        return wait > TimeSpan.Zero && !sync.Active
            ? TypedResults.Ok(SyncView.Of(sync, connectionId, monitor))
            : TypedResults.Accepted(
                $"/v2/retl-connections/{connectionId}/syncs/{sync.Id}",
                new StartedSync(sync.Id, sync.Active ? "running" : sync.Outcome.Status()));
    }

    /// <param name="SyncId">The sync.</param>
    /// <param name="Status">RudderStack's word for its state.</param>
    internal sealed record StartedSync(string SyncId, string Status);

    private static ProblemAnswer? Options(
        string? syncType, string? dryRun, string? resend, string? expectedRecords, string? wait, out PushOptions options)
    {
        Dictionary<string, string[]> errors = [];
        options = new(
            Full: syncType == "full",
            DryRun: Flag("dryRun", dryRun, errors),
            Resend: Flag("resend", resend, errors),
            ExpectedRecords: Number("expectedRecords", expectedRecords, long.MaxValue, errors),
            Wait: TimeSpan.FromSeconds(Number("wait", wait, LongestWait, errors) ?? 0));
        if (syncType is not (null or "" or "incremental" or "full"))
        {
            errors["syncType"] = ["must be incremental or full."];
        }

        return errors.Count > 0 ? ProblemAnswer.BadFields(errors) : null;
    }

    private static bool Flag(string name, string? value, Dictionary<string, string[]> errors)
    {
        if (value is not (null or "" or "true" or "false"))
        {
            errors[name] = ["must be true or false."];
        }

        return value == "true";
    }

    private static long? Number(string name, string? value, long most, Dictionary<string, string[]> errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most)
        {
            return number;
        }

        errors[name] = [most == long.MaxValue ? "must be a whole number, 0 or more." : $"must be a whole number from 0 to {most}."];
        return null;
    }

    private static ProblemAnswer? MediaType(HttpRequest request, out bool ndjson)
    {
        ndjson = false;
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            ndjson = type.MediaType.Equals(Ndjson, StringComparison.OrdinalIgnoreCase);
            if (ndjson || type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            {
                return request.Headers.ContentEncoding.ToString().Trim().ToUpperInvariant() is "" or "GZIP" or "X-GZIP" or "IDENTITY"
                    ? null
                    : ProblemAnswer.Of(StatusCodes.Status415UnsupportedMediaType, "The content encoding of the body is not supported. Send it with gzip, or without any.");
            }
        }

        return ProblemAnswer.Of(StatusCodes.Status415UnsupportedMediaType, $"Send the records as application/json or {Ndjson}.");
    }

    private static void AllowLongBody(HttpRequest request)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        // Our own patience decides (IntakeOptions), and says so to the sender.
        if (request.HttpContext.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private static async Task<Sync?> KnownAsync(StoreContext db, Connection connection, string key, TimeProvider time, CancellationToken cancellation)
    {
        var known = await db.Syncs.SingleOrDefaultAsync(s => s.ConnectionNo == connection.No && s.IdempotencyKey == key, cancellation);
        if (known is null || known.Active || known.StartedAt > time.GetUtcNow() - KeyKept)
        {
            return known;
        }

        known.IdempotencyKey = null; // kept for a day, and free again
        await db.SaveChangesAsync(cancellation);
        return null;
    }

    /// <summary>The same key: the same sync, if the body is the same. A sync whose own body is still coming in can't be compared, only named.</summary>
    private static async Task<IResult> AnswerKnownAsync(
        Sync known, Connection connection, HttpRequest request, bool ndjson, SyncMonitor monitor, IntakeOptions intake, TimeProvider time,
        PushOptions options, StoreContext db, CancellationToken cancellation)
    {
        if (known.BodyHash is { } hash)
        {
            try
            {
                await using var body = BodyStream.Open(request.Body, request.Headers.ContentEncoding);
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, monitor.Stopping);
                RecordSink ignore = static (_, _) => ValueTask.CompletedTask;
                var read = ndjson
                    ? await RecordBody.ReadNdjsonAsync(body, IdentifierMapping.None, ignore, intake, time, stop.Token)
                    : await RecordBody.ReadJsonAsync(body, IdentifierMapping.None, ignore, intake, time, stop.Token);
                if (read.Hash != hash)
                {
                    return ProblemAnswer.Conflict("This Idempotency-Key came with another body before. Use a new key for new records.").With("syncId", known.Id);
                }
            }
            catch (BodyException fault)
            {
                return Refused(fault, known.Id);
            }
            catch (OperationCanceledException) when (monitor.Stopping.IsCancellationRequested)
            {
                return CutOff(request, known.Id);
            }
        }

        return await AnswerAsync(db, connection.Id, known.No, options.Wait, monitor, time, cancellation);
    }

    /// <summary>
    /// The service stops while a body comes in. The server would wait for the rest of it, and the service for the server, so the connection
    /// goes after the answer; a moment after, since what is still on its way to the socket would go with it.
    /// </summary>
    private static ProblemAnswer CutOff(HttpRequest request, string syncId)
    {
        request.HttpContext.Response.OnCompleted(
            static async context =>
            {
                await Task.Delay(TimeForTheAnswer);
                ((HttpContext)context).Abort();
            },
            request.HttpContext);
        return ProblemAnswer.Of(StatusCodes.Status503ServiceUnavailable, AbandonedSyncs.Stopped).RetryAfter(TimeSpan.FromSeconds(5)).With("syncId", syncId);
    }

    private static ProblemAnswer Refused(BodyException fault, string syncId)
        => ProblemAnswer.Of(
            fault.Fault switch
            {
                BodyFault.TooLarge => StatusCodes.Status413PayloadTooLarge,
                BodyFault.UnsupportedEncoding => StatusCodes.Status415UnsupportedMediaType,
                _ => StatusCodes.Status400BadRequest,
            },
            fault.Message).With("syncId", JsonValue.Create(syncId));
}
