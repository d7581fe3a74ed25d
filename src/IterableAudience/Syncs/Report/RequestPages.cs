using System.Data.Common;
using System.Globalization;
using IterableAudience.Hosting;
using IterableAudience.Iterable;
using IterableAudience.Store;
using static System.FormattableString;

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
            var rows = c.Rows(
                $"{Columns} WHERE sync = @s{OfBatch(batch)} ORDER BY at, id LIMIT @n OFFSET @o", ViewOf, ("@s", sync), ("@n", query.Size), ("@o", (query.Number - 1) * query.Size));
            return new Page<RequestView>([.. rows.Select(r => r.View)], Paging.Of(request, query, Total(c, sync, batch)));
        });

    /// <summary>A page by key: as fast at the end of a long log as at its beginning.</summary>
    /// <param name="store">The store.</param>
    /// <param name="sync">Whose.</param>
    /// <param name="batch">Only requests of this one; null: of all.</param>
    /// <param name="after">The last request of the page before; null: from the beginning.</param>
    /// <param name="size">Most on a page.</param>
    /// <returns>The requests, where the next page goes on (null: there is none), and how many there are in all.</returns>
    public static (IReadOnlyList<RequestView> Requests, RequestPlace? Next, long Total) After(LeanStore store, long sync, long? batch, RequestPlace? after, int size)
        => store.Read(c =>
        {
            var rows = c.Rows(
                $"{Columns} WHERE sync = @s{OfBatch(batch)} AND (at, id) > (@a, @i) ORDER BY at, id LIMIT @n", ViewOf,
                ("@s", sync), ("@a", after?.At ?? long.MinValue), ("@i", after?.Id ?? 0L), ("@n", size + 1));
            return ((IReadOnlyList<RequestView>)[.. rows.Take(size).Select(r => r.View)], rows.Count > size ? rows[size - 1].Place : null, Total(c, sync, batch));
        });

    private const string Columns = "SELECT at, kind, number, size, status, duration_ms, attempt, flags, answer, id FROM request";

    private static long Total(DbConnection connection, long sync, long? batch) => connection.Count($"SELECT count(*) FROM request WHERE sync = @s{OfBatch(batch)}", ("@s", sync));

    private static (RequestView View, RequestPlace Place) ViewOf(DbDataReader r) => (
        new(
            DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(0)),
            (OperationKind)r.GetInt32(1) == OperationKind.Subscribe ? "subscribe" : "unsubscribe",
            r.GetInt64(2), r.GetInt32(3), r.IsDBNull(4) ? null : r.GetInt32(4), Math.Round(r.GetDouble(5), 1), r.GetInt32(6),
            (r.GetInt32(7) & 1) != 0, (r.GetInt32(7) & 2) != 0, r.GetString(8)),
        new(r.GetInt64(0), r.GetInt64(9)));

    private static string OfBatch(long? batch) => batch is { } number ? Invariant($" AND number = {number}") : "";
}

/// <summary>A request's place in the log.</summary>
/// <param name="At">When it started, Unix time in milliseconds.</param>
/// <param name="Id">Among those of the same millisecond.</param>
internal sealed record RequestPlace(long At, long Id)
{
    public override string ToString() => Invariant($"{At}-{Id}");

    /// <summary>Null when it is none.</summary>
    public static RequestPlace? Parse(string? text)
        => text?.Split('-') is [var at, var id] && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var a) && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var i)
            ? new(a, i)
            : null;
}
