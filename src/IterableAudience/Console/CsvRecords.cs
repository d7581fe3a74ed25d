using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using CsvHelper;
using CsvHelper.Configuration;
using IterableAudience.Hosting;

namespace IterableAudience.Console;

/// <summary>How CSV is read.</summary>
/// <param name="Action">Of rows that name none.</param>
/// <param name="Mapped">The columns that the connection maps; when it maps none, columns <c>email</c> and <c>userId</c> are the identifiers themselves.</param>
internal sealed record CsvColumns(string Action, IReadOnlyList<string> Mapped);

/// <summary>
/// CSV with a header → a record a row. Strict, since what is guessed here is somebody on or off a list: the text must be UTF-8, every row must have a cell for
/// each column, and the header must have something that names a person or a row.
/// </summary>
internal static class CsvRecords
{
    private static readonly string[] OfRecord = ["action", "primaryKey", "recordId"];
    private static readonly string[] Identifiers = ["email", "userId"];
    private static readonly char[] Delimiters = [',', ';', '\t', '|'];
    private static readonly JsonSerializerOptions Lean = new(JsonSetup.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <param name="from">The text.</param>
    /// <param name="to">Gets a line a record.</param>
    /// <param name="columns">How it is read.</param>
    /// <param name="cancel">The visitor has gone.</param>
    /// <returns>The fault, without any value of a row; null when all is written.</returns>
    public static async Task<string?> WriteAsync(Stream from, Stream to, CsvColumns columns, CancellationToken cancel)
    {
        try
        {
            using var reader = new StreamReader(from, new UTF8Encoding(false, throwOnInvalidBytes: true), leaveOpen: true);
            using var csv = new CsvReader(reader, new CsvConfiguration(CultureInfo.InvariantCulture)
            {
                DetectDelimiter = true,
                DetectDelimiterValues = [.. Delimiters.Select(d => d.ToString())],
                GetDelimiter = args => DelimiterOf(args.Text),
                BadDataFound = bad => throw new BadDataException(bad.Field, "", bad.Context),
            });
            if (!await csv.ReadAsync() || !csv.ReadHeader() || csv.HeaderRecord is not { Length: > 0 } header)
            {
                return "The first line must name the columns.";
            }

            var names = header.Select(Canonical).ToArray();
            if (FaultOf(names, columns) is { } fault)
            {
                return fault;
            }

            while (await csv.ReadAsync())
            {
                cancel.ThrowIfCancellationRequested();
                if (csv.Parser.Count != names.Length)
                {
                    return $"The row in line {csv.Parser.RawRow} has {csv.Parser.Count} cells, and the header {names.Length}. Nothing was taken.";
                }

                var cells = names.Select((name, i) => KeyValuePair.Create(name, csv.Parser[i])).ToDictionary();
                await JsonSerializer.SerializeAsync(to, RecordOf(cells, columns), Lean, cancel);
                to.WriteByte((byte)'\n');
            }

            return null;
        }
        catch (DecoderFallbackException)
        {
            return "The text is not UTF-8. Save it as UTF-8 (in Excel: CSV UTF-8), else names and keys change on the way.";
        }
        catch (CsvHelperException e)
        {
            return $"The row that ends in line {e.Context?.Parser?.RawRow ?? 1} can't be read. Check its quotes.";
        }
    }

    private static object RecordOf(Dictionary<string, string> cells, CsvColumns columns)
    {
        string? Given(string name) => cells.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
        var own = columns.Mapped.Count == 0;
        return new
        {
            action = Given("action")?.Trim() ?? columns.Action,
            primaryKey = cells.GetValueOrDefault("primaryKey"), // an empty one is a fault of the row, and not a row without a key
            recordId = Given("recordId"),
            identifiers = own ? Identifiers.Where(i => Given(i) is not null).ToDictionary(i => i, Given) : null,
            fields = own ? null : cells.Where(c => !OfRecord.Contains(c.Key)).ToDictionary(c => c.Key, c => c.Value.Length > 0 ? c.Value : null),
        };
    }

    private static string? FaultOf(string[] names, CsvColumns columns)
    {
        for (var i = 0; i < names.Length; i++)
        {
            if (Array.IndexOf(names, names[i]) < i)
            {
                return $"Column {i + 1} has the name of column {Array.IndexOf(names, names[i]) + 1}.";
            }
        }

        string[] wanted = columns.Mapped.Count == 0 ? Identifiers : [.. columns.Mapped];
        return names.Contains("primaryKey") || wanted.Any(names.Contains)
            ? null
            : $"The first line must name the columns, and none of these is there: {string.Join(", ", wanted.Append("primaryKey"))}.";
    }

    /// <summary>The record's own columns are meant however they are written; all others are taken to the letter.</summary>
    private static string Canonical(string column)
        => OfRecord.Concat(Identifiers).FirstOrDefault(c => string.Equals(c, column.Trim().Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase)) is { } own
            && (OfRecord.Contains(own) || own == column.Trim()) ? own : column.Trim();

    /// <summary>By the header only: rows may have anything.</summary>
    private static string DelimiterOf(string text)
    {
        var line = text.AsSpan()[..(text.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? end : text.Length)];
        var best = Delimiters[0];
        foreach (var delimiter in Delimiters)
        {
            best = line.Count(delimiter) > line.Count(best) ? delimiter : best;
        }

        return best.ToString();
    }
}
