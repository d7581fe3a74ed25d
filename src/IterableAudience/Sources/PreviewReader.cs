using System.Globalization;
using IterableAudience.Records;
using IterableAudience.Warehouses;

namespace IterableAudience.Sources;

/// <summary>Reads the rows of a preview, and judges them as a sync would that has these rows, and the identifiers that are asked for.</summary>
internal static class PreviewReader
{
    private const int DefaultRows = 50;

    /// <exception cref="WarehouseException">The warehouse can't be reached, refuses, or has not what was asked for.</exception>
    public static PreviewView Read(WarehouseSession session, PreviewRequest request, CancellationToken cancel)
    {
        var columns = session.Describe(request.Query, cancel);
        var names = columns.Select(c => session.FormOf(c.Type) == TextForm.None ? $"CASE WHEN {session.Quote(c.Name)} IS NULL THEN NULL ELSE '…' END" : session.Text(session.Quote(c.Name)));
        List<IReadOnlyDictionary<string, string?>> rows = [];
        using (var read = session.Query(
            string.Create(CultureInfo.InvariantCulture, $"SELECT {string.Join(", ", names)} FROM {session.From(request.Query)} LIMIT {request.Limit ?? DefaultRows}"), cancel))
        {
            while (read.Read())
            {
                var row = new Dictionary<string, string?>(StringComparer.Ordinal);
                for (var i = 0; i < columns.Count; i++)
                {
                    row[columns[i].Name] = read.Text(i);
                }

                rows.Add(row);
            }
        }

        return new("completed", columns, rows, Judge(session, request, columns, rows), "");
    }

    private static List<RowVerdict> Judge(
        WarehouseSession session, PreviewRequest request, IReadOnlyList<WarehouseColumn> columns, List<IReadOnlyDictionary<string, string?>> rows)
    {
        if (request.Identifiers is not { Length: > 0 } && request.PrimaryKey is null)
        {
            return [];
        }

        string? Mapped(string identifier)
            => request.Column(identifier) is { } column ? SourceColumns.FindMapped(request.Query, columns, session.FormOf, column) : null;

        var key = request.PrimaryKey is { } named ? SourceColumns.FindKey(request.Query, columns, session.FormOf, named) : null;
        var (email, userId) = (Mapped("email"), Mapped("userId"));
        var keys = rows.Select(r => key is null ? null : r[key]).ToList();
        return [.. rows.Select((row, i) =>
        {
            var verdict = request.Identifiers is { Length: > 0 }
                ? IdentifierRules.Judge(request.ProjectType, email is null ? null : row[email], userId is null ? null : row[userId])
                : default;
            var reason = key is not null && keys[i] is null ? Reason.NullPrimaryKey
                : key is not null && keys.Count(k => k == keys[i]) > 1 ? Reason.DuplicatePrimaryKey
                : verdict.Rejection;
            return new RowVerdict(
                reason == Reason.None,
                reason.Word(),
                Named(verdict.Identity.Email, verdict.Identity.UserId),
                Named(verdict.EmailFault.Word(), verdict.UserIdFault.Word()));
        })];
    }

    private static Dictionary<string, string> Named(string? email, string? userId)
    {
        var named = new Dictionary<string, string>();
        if (email is not null)
        {
            named["email"] = email;
        }

        if (userId is not null)
        {
            named["userId"] = userId;
        }

        return named;
    }
}
