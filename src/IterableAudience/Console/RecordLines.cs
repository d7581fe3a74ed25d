using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using IterableAudience.Hosting;

namespace IterableAudience.Console;

/// <summary>Makes of what somebody pastes or uploads the lines that a push takes: CSV with a header becomes a record a row, everything else stays as it is.</summary>
internal static class RecordLines
{
    private const string Ndjson = "application/x-ndjson";

    /// <summary>Columns of CSV that belong to the record and not to its fields.</summary>
    private static readonly string[] OfRecord = ["action", "primaryKey", "recordId"];

    /// <summary>What is sent to the API, from its beginning. A file that goes when it is closed: an upload may be large.</summary>
    /// <param name="text">Pasted or uploaded; UTF-8.</param>
    /// <param name="action">Of CSV rows that name none.</param>
    /// <param name="cancel">The visitor has gone.</param>
    /// <returns>The body and its type; or the fault of the CSV.</returns>
    public static async Task<(Stream? Body, string ContentType, string? Fault)> ReadAsync(Stream text, string action, CancellationToken cancel)
    {
        var reader = new StreamReader(text, Encoding.UTF8);
        while (reader.Peek() is var next and >= 0 && (char.IsWhiteSpace((char)next) || next == '\uFEFF'))
        {
            reader.Read();
        }

        var body = NamelessFile.Open(64 * 1024);
        var first = reader.Peek();
        if (first is '{' or '[')
        {
            // One document of records begins with its member; lines of records begin with a record.
            var start = await StartAsync(reader, cancel);
            var isDocument = start.TrimStart('{', ' ', '\t', '\r', '\n').StartsWith("\"records\"", StringComparison.Ordinal);
            await using (var writer = new StreamWriter(body, new UTF8Encoding(false), leaveOpen: true))
            {
                await writer.WriteAsync(start);
                var buffer = new char[16 * 1024];
                while (await reader.ReadAsync(buffer, cancel) is var count and > 0)
                {
                    await writer.WriteAsync(buffer.AsMemory(0, count), cancel);
                }
            }

            body.Position = 0;
            return (body, isDocument ? "application/json" : Ndjson, null);
        }

        var fault = first < 0 ? "There is nothing in it." : await WriteCsvAsync(reader, body, action, cancel);
        body.Position = 0;
        return fault is null ? (body, Ndjson, null) : (null, Ndjson, fault);
    }

    private static async Task<string> StartAsync(StreamReader reader, CancellationToken cancel)
    {
        var buffer = new char[256];
        var count = await reader.ReadBlockAsync(buffer, cancel);
        return new(buffer, 0, count);
    }

    private static async Task<string?> WriteCsvAsync(StreamReader reader, Stream body, string action, CancellationToken cancel)
    {
        try
        {
            using var csv = new CsvReader(reader, new CsvConfiguration(CultureInfo.InvariantCulture) { DetectDelimiter = true });
            if (!await csv.ReadAsync() || !csv.ReadHeader() || csv.HeaderRecord is not { Length: > 0 } columns)
            {
                return "The first line must name the columns.";
            }

            if (columns.GroupBy(c => c).FirstOrDefault(g => g.Count() > 1) is { } twice)
            {
                return $"The column {twice.Key} is there twice.";
            }

            while (await csv.ReadAsync())
            {
                cancel.ThrowIfCancellationRequested();
                var row = columns.Select((c, i) => KeyValuePair.Create(c, csv.TryGetField<string>(i, out var value) && value is { Length: > 0 } ? value : null)).ToDictionary();
                await JsonSerializer.SerializeAsync(
                    body,
                    new
                    {
                        action = row.GetValueOrDefault("action") ?? action,
                        primaryKey = row.GetValueOrDefault("primaryKey"),
                        recordId = row.GetValueOrDefault("recordId"),
                        fields = row.Where(f => !OfRecord.Contains(f.Key)).ToDictionary(),
                    },
                    Lean,
                    cancel);
                body.WriteByte((byte)'\n');
            }

            return null;
        }
        catch (CsvHelperException e)
        {
            return $"Row {e.Context?.Parser?.Row ?? 0} of the CSV can't be read. Check its quotes.";
        }
    }

    private static readonly JsonSerializerOptions Lean = new(JsonSetup.Options) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };
}
