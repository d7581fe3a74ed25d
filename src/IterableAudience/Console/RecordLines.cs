using System.Text;
using System.Text.Json;
using IterableAudience.Hosting;

namespace IterableAudience.Console;

/// <summary>Makes of what somebody pastes or uploads the body that a push takes. JSON goes to the API as it is, byte by byte; CSV becomes a record a row (<see cref="CsvRecords"/>).</summary>
internal static class RecordLines
{
    private const string Ndjson = "application/x-ndjson";
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    /// <param name="given">Pasted or uploaded.</param>
    /// <param name="columns">How CSV is read.</param>
    /// <param name="cancel">The visitor has gone.</param>
    /// <returns>The body, from its beginning, which goes with the process; and its type. Or the fault.</returns>
    public static async Task<(Stream? Body, string ContentType, string? Fault)> ReadAsync(Stream given, CsvColumns columns, CancellationToken cancel)
    {
        var all = NamelessFile.Open(64 * 1024);
        try
        {
            await given.CopyToAsync(all, cancel);
            var head = new byte[(int)Math.Min(all.Length, 64 * 1024)];
            all.Position = 0;
            await all.ReadExactlyAsync(head, cancel);
            var start = head.AsSpan().StartsWith(Mark) ? Mark.Length : 0;
            while (start < head.Length && head[start] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                start++;
            }

            if (start == head.Length)
            {
                await all.DisposeAsync();
                return (null, "", "There is nothing in it.");
            }

            all.Position = start;
            switch (head[start])
            {
                case (byte)'[':
                    await all.DisposeAsync();
                    return (null, "", "It is a JSON array. Put it into a document, {\"records\": […]}, or write a record a line.");
                case (byte)'{':
                    // The rest is read as it is: the API has its own words for what is no record.
                    var rest = start == 0 ? all : await CopyAsync(all, cancel);
                    rest.Position = 0;
                    return (rest, IsDocument(head.AsSpan(start)) ? "application/json" : Ndjson, null);
                default:
                    await using (all)
                    {
                        var lines = NamelessFile.Open(64 * 1024);
                        if (await CsvRecords.WriteAsync(all, lines, columns, cancel) is { } fault)
                        {
                            await lines.DisposeAsync();
                            return (null, "", fault);
                        }

                        lines.Position = 0;
                        return (lines, Ndjson, null);
                    }
            }
        }
        catch
        {
            await all.DisposeAsync();
            throw;
        }
    }

    private static async Task<FileStream> CopyAsync(FileStream from, CancellationToken cancel)
    {
        await using (from)
        {
            var copy = NamelessFile.Open(64 * 1024);
            await from.CopyToAsync(copy, cancel);
            return copy;
        }
    }

    /// <summary>One document of records has an array of them under its name; a record has none.</summary>
    private static bool IsDocument(ReadOnlySpan<byte> head)
    {
        var reader = new Utf8JsonReader(head, isFinalBlock: false, state: default);
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isRecords = reader.ValueTextEquals("records");
                if (!reader.Read())
                {
                    return false;
                }

                if (isRecords)
                {
                    return reader.TokenType == JsonTokenType.StartArray;
                }

                if (!reader.TrySkip())
                {
                    return false;
                }
            }
        }
        catch (JsonException)
        {
            // whatever it is, the API says so
        }

        return false;
    }
}
