using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Store;

namespace IterableAudience.Syncs.Report;

/// <summary>One request to Iterable.</summary>
/// <param name="At">When it started.</param>
/// <param name="Kind"><c>subscribe</c> or <c>unsubscribe</c>.</param>
/// <param name="Batch">Number of the batch that it carried.</param>
/// <param name="Size">Subscribers in it.</param>
/// <param name="Status">HTTP status; null when no answer came.</param>
/// <param name="DurationMs">Milliseconds from start to answer.</param>
/// <param name="Attempt">Which try it was.</param>
/// <param name="Throttled">Answered by 429.</param>
/// <param name="Isolation">A part of a batch, sent to find the bad rows.</param>
/// <param name="Answer">What Iterable said, without personal data.</param>
internal sealed record RequestView(
    DateTimeOffset At, string Kind, long Batch, int Size, int? Status, double DurationMs, int Attempt, bool Throttled, bool Isolation, string Answer);

/// <summary>The request log of a sync, page by page.</summary>
internal static class RequestPages
{
    public static Page<RequestView> Read(LeanStore store, long sync, long? batch, HttpRequest request, PageQuery query)
        => store.Read(c =>
        {
            var total = c.Count($"SELECT count(*) FROM request WHERE sync = @s{OfBatch(batch)}", ("@s", sync));
            var rows = c.Rows(
                $"""
                SELECT at, kind, number, size, status, duration_ms, attempt, flags, answer FROM request
                WHERE sync = @s{OfBatch(batch)} ORDER BY at, id LIMIT @n OFFSET @o
                """,
                r => new RequestView(
                    DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(0)),
                    (OperationKind)r.GetInt32(1) == OperationKind.Subscribe ? "subscribe" : "unsubscribe",
                    r.GetInt64(2), r.GetInt32(3), r.IsDBNull(4) ? null : r.GetInt32(4), Math.Round(r.GetDouble(5), 1), r.GetInt32(6),
                    (r.GetInt32(7) & 1) != 0, (r.GetInt32(7) & 2) != 0, r.GetString(8)),
                ("@s", sync), ("@n", query.Size), ("@o", (query.Number - 1) * query.Size));
            return new Page<RequestView>(rows, Paging.Of(request, query, total));
        });

    private static string OfBatch(long? batch) => batch is { } number ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $" AND number = {number}") : "";
}
