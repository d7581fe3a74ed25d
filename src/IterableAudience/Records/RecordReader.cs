using System.Text.Json;
using System.Text.Unicode;

namespace IterableAudience.Records;

/// <summary>
/// Reads one JSON object into a <see cref="ReceivedRecord"/>. Bad input never throws: it becomes a record with a fault, so that it costs
/// only itself. Members it doesn't know are ignored, whatever their shape; of a member named twice the last one counts.
/// </summary>
internal static class RecordReader
{
    /// <summary>The most bytes that one record may have. Whoever cuts the body into records checks it.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>How deep a record may be nested, itself included.</summary>
    public const int MaxDepth = 16;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    /// <param name="utf8">The bytes of the record and nothing else; white space around it is fine.</param>
    /// <param name="line">Line of the body, or place in the array, from 1.</param>
    /// <param name="mapping">Which columns of <c>fields</c> are identifiers.</param>
    public static ReceivedRecord Read(ReadOnlySpan<byte> utf8, int line, IdentifierMapping mapping)
    {
        // The JSON reader looks at the encoding only of texts that are asked for.
        if (!Utf8.IsValid(utf8))
        {
            return Malformed(line, RecordFaults.NotUtf8);
        }

        var reader = new Utf8JsonReader(utf8, Options);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return Malformed(line, RecordFaults.NotAnObject);
            }

            var members = new RecordMembers(mapping);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                members.Take(ref reader);
            }

            // Throws when anything but white space follows the object.
            reader.Read();
            return members.ToRecord(line);
        }
        catch (JsonException)
        {
            return Malformed(line, Depth(in reader) >= MaxDepth ? RecordFaults.TooDeep : RecordFaults.NotJson);
        }
        catch (InvalidOperationException)
        {
            // A text with half of a surrogate pair can be written in JSON (\ud800) but not be a string.
            return Malformed(line, RecordFaults.BadText);
        }
    }

    /// <summary>A record that can't be read at all.</summary>
    public static ReceivedRecord Malformed(int line, string detail)
        => new(line, null, null, null, null, null, Reason.MalformedRecord, detail);

    /// <summary>How many objects and arrays are open; the reader itself counts one less while it stands on an opening token.</summary>
    private static int Depth(ref readonly Utf8JsonReader reader)
        => reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? 1 : 0);
}
