using System.Globalization;
using System.Text.Json;
using IterableAudience.Records;

namespace IterableAudience.Syncs.Intake;

/// <summary>
/// Walks through a JSON document token by token, as far as the buffer goes, and takes the elements of its array <c>records</c>.
/// </summary>
internal sealed class DocumentReader(BodyBuffer buffer, RecordBatch batch, IdentifierMapping mapping)
{
    // As deep as the largest record can be: one that is nested too deep is to cost only itself.
    private const int MaxDepth = RecordReader.MaxBytes;

    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = MaxDepth });
    private Place _place = Place.Start;
    private bool _foundRecords;
    private int _element;
    private int _depth; // of the value that is passed over

    private enum Place
    {
        Start,
        Members,
        OtherValue,
        PassingOverValue,
        RecordsValue,
        Elements,
        PassingOverElement,
        End,
    }

    /// <summary>Takes the whole tokens that the buffer holds; false when the batch is full before they are.</summary>
    public bool TakeTokens()
    {
        var reader = new Utf8JsonReader(buffer.Unread, isFinalBlock: false, _state);
        try
        {
            while (!batch.IsFull && Step(ref reader))
            {
            }
        }
        catch (JsonException e)
        {
            // Its own message quotes the body.
            var what = reader.CurrentDepth >= MaxDepth - 1 ? "nested too deep" : "not valid JSON";
            throw new BodyException(BodyFault.NotJson, string.Create(
                CultureInfo.InvariantCulture, $"The body is {what} at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}. Mend it and send it again."));
        }

        catch (InvalidOperationException)
        {
            throw new BodyException(BodyFault.NotJson, "A member name of the body has an unpaired surrogate. Send valid Unicode.");
        }

        _state = reader.CurrentState;
        buffer.Advance((int)reader.BytesConsumed);
        return !batch.IsFull;
    }

    /// <summary>The body is at its end: the document must be too.</summary>
    public void End()
    {
        if (_place != Place.End)
        {
            throw new BodyException(BodyFault.NotJson, "The body breaks off before its JSON document ends. Send the whole document.");
        }

        if (!_foundRecords)
        {
            throw NoRecords();
        }
    }

    /// <summary>One step on; false when the buffer holds too little for it, and the reader stands where it stood.</summary>
    private bool Step(ref Utf8JsonReader reader)
    {
        if (_place == Place.Elements)
        {
            return TakeElement(ref reader);
        }

        if (!reader.Read())
        {
            return false;
        }

        switch (_place)
        {
            case Place.Start:
                _place = reader.TokenType == JsonTokenType.StartObject ? Place.Members : throw NoRecords();
                break;
            case Place.Members when reader.TokenType == JsonTokenType.EndObject:
                _place = Place.End;
                break;
            case Place.Members:
                _place = reader.ValueTextEquals("records"u8) ? Place.RecordsValue : Place.OtherValue;
                break;
            case Place.RecordsValue:
                EnterRecords(reader.TokenType);
                break;
            case Place.OtherValue:
                _depth = reader.CurrentDepth;
                _place = IsStart(reader.TokenType) ? Place.PassingOverValue : Place.Members;
                break;
            case Place.PassingOverValue when IsEnd(ref reader):
                _place = Place.Members;
                break;
            case Place.PassingOverElement when IsEnd(ref reader):
                batch.Add(RecordReader.Malformed(++_element, RecordFaults.TooLarge));
                _place = Place.Elements;
                break;
        }

        return true;
    }

    private void EnterRecords(JsonTokenType token)
    {
        if (token != JsonTokenType.StartArray || _foundRecords)
        {
            throw NoRecords();
        }

        _foundRecords = true;
        _place = Place.Elements;
    }

    private bool TakeElement(ref Utf8JsonReader reader)
    {
        var before = reader;
        if (!reader.Read())
        {
            return false;
        }

        if (reader.TokenType == JsonTokenType.EndArray)
        {
            _place = Place.Members;
            return true;
        }

        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip())
        {
            if (buffer.Unread.Length - start <= RecordReader.MaxBytes)
            {
                reader = before;
                return false;
            }

            _depth = reader.CurrentDepth;
            _place = Place.PassingOverElement;
            return true;
        }

        var element = buffer.Unread[start..(int)reader.BytesConsumed];
        _element++;
        batch.Add(element.Length > RecordReader.MaxBytes
            ? RecordReader.Malformed(_element, RecordFaults.TooLarge)
            : RecordReader.Read(element, _element, mapping));
        return true;
    }

    private static bool IsStart(JsonTokenType token) => token is JsonTokenType.StartObject or JsonTokenType.StartArray;

    /// <summary>Whether the reader stands at the end of the value that is passed over.</summary>
    private bool IsEnd(ref readonly Utf8JsonReader reader)
        => reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray && reader.CurrentDepth == _depth;

    private static BodyException NoRecords()
        => new(BodyFault.NotJson, "The body is not a JSON object with one array \"records\". Send {\"records\":[…]}, or one record a line as application/x-ndjson.");
}
