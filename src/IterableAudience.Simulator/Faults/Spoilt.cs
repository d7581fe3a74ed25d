using System.Globalization;
using System.Text;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Lists;

namespace IterableAudience.Simulator.Faults;

/// <summary>The answers that faults put in the place of the right ones.</summary>
internal static class Spoilt
{
    private const string Page = "<!DOCTYPE html>\n<html><body><h1>We'll be right back</h1></body></html>\n";

    /// <summary>The answer to a call that is not processed; null when it is.</summary>
    public static ApiAnswer? InsteadOf(ApiCall call, FaultRule? fault) => fault?.Fault switch
    {
        FaultKind.Respond => Respond(call, fault),
        FaultKind.RateLimit => ApiErrors.RateLimited(call, "1.0 per second", RetryAfter(call, fault), fault.PlainText),
        _ => null,
    };

    public static void Counts(BulkAnswer? answer, FaultRule? fault)
    {
        if (answer is null || fault?.Fault is not (FaultKind.FailUnnamed or FaultKind.CountTooSmall))
            return;
        var rows = Math.Min(fault.Rows, answer.SuccessCount);
        answer.SuccessCount -= rows;
        if (fault.Fault == FaultKind.FailUnnamed)
            answer.FailCount += rows;
    }

    /// <summary>The answer to a call that was processed.</summary>
    public static ApiAnswer After(ApiAnswer right, FaultRule? fault) => fault?.Fault switch
    {
        FaultKind.Html => new ApiAnswer
        {
            Status = fault.Status ?? 200,
            ContentType = "text/html; charset=UTF-8",
            Body = Encoding.UTF8.GetBytes(fault.Body ?? Page),
        },
        FaultKind.Empty => new ApiAnswer { Status = fault.Status ?? 200 },
        _ => right,
    };

    private static ApiAnswer Respond(ApiCall call, FaultRule fault) => new()
    {
        Status = fault.Status ?? 500,
        ContentType = fault.ContentType ?? "application/json",
        Body = fault.Body is null ? ApiErrors.Generic().Body : Encoding.UTF8.GetBytes(fault.Body),
        RetryAfter = RetryAfter(call, fault),
    };

    private static string? RetryAfter(ApiCall call, FaultRule fault)
        => fault.RetryAfterSeconds?.ToString(CultureInfo.InvariantCulture)
            ?? (fault.RetryAfterDateSeconds is { } seconds ? call.Now.AddSeconds(seconds).ToString("R", CultureInfo.InvariantCulture) : null);
}
