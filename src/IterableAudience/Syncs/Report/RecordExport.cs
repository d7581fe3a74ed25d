using System.Globalization;
using System.Text;
using System.Text.Json;
using IterableAudience.Hosting;

namespace IterableAudience.Syncs.Report;

/// <summary>All records of a sync in one answer, written as they are read.</summary>
internal static class RecordExport
{
    private static readonly string[] Columns =
        ["line", "primaryKey", "recordId", "action", "outcome", "reason", "detail", "faults", "email", "userId", "batch", "attempts", "httpStatus", "at"];

    /// <summary>The media type that the client prefers of those that we write; JSON unless it says otherwise.</summary>
    public static string Wanted(HttpRequest request)
        => request.GetTypedHeaders().Accept
            .OrderByDescending(a => a.Quality ?? 1)
            .Select(a => a.MediaType.Value)
            .FirstOrDefault(m => m is "text/csv" or "application/x-ndjson" or "application/json" or "*/*") ?? "application/json";

    public static IResult Csv(IEnumerable<RecordView> records, string syncId, HttpContext context, CancellationToken stopping)
        => Stream("text/csv; charset=utf-8", $"records-{syncId}.csv", records, string.Join(',', Columns) + "\r\n", Row, context, stopping);

    public static IResult Ndjson(IEnumerable<RecordView> records, string syncId, HttpContext context, CancellationToken stopping)
        => Stream("application/x-ndjson", $"records-{syncId}.ndjson", records, "", r => JsonSerializer.Serialize(r, JsonSetup.Options) + "\n", context, stopping);

    /// <summary>A cell that a spreadsheet would run as a formula gets an apostrophe in front.</summary>
    internal static string Cell(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return "";
        }

        var safe = value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" + value : value;
        return safe.AsSpan().ContainsAny("\",\r\n") ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }

    private static string Row(RecordView record)
        => string.Join(
            ',',
            new[]
            {
                record.Line?.ToString(CultureInfo.InvariantCulture), record.PrimaryKey, record.RecordId, record.Action, record.Outcome, record.Reason,
                record.Detail, string.Join(' ', record.Faults.Select(f => $"{f.Identifier}:{f.Fault}")), record.Identifiers.GetValueOrDefault("email"),
                record.Identifiers.GetValueOrDefault("userId"), record.Batch?.ToString(CultureInfo.InvariantCulture),
                record.Attempts?.ToString(CultureInfo.InvariantCulture), record.HttpStatus?.ToString(CultureInfo.InvariantCulture),
                record.At?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            }.Select(Cell)) + "\r\n";

    /// <remarks>When the service stops the connection is broken off: the reader may take hours, and an end like any other would make the half look whole.</remarks>
    private static Microsoft.AspNetCore.Http.HttpResults.PushStreamHttpResult Stream(
        string mediaType, string fileName, IEnumerable<RecordView> records, string head, Func<RecordView, string> row, HttpContext context, CancellationToken stopping)
        => TypedResults.Stream(
            async stream =>
            {
                using var cut = stopping.Register(context.Abort);
                var gone = context.RequestAborted;
                await using var writer = new StreamWriter(stream, new UTF8Encoding(false), 64 * 1024);
                await writer.WriteAsync(head);
                foreach (var record in records)
                {
                    await writer.WriteAsync(row(record).AsMemory(), gone); // else whoever left would have all of it read from the store
                }
            },
            mediaType,
            fileName);
}
