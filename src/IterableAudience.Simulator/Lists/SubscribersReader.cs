using System.Globalization;
using System.Text.Json;

namespace IterableAudience.Simulator.Lists;

/// <summary>
/// Reads the body of subscribe and unsubscribe without making an object or a string for a row. Strict about types, as Iterable is (one mistyped
/// row refuses the call), lenient about fields it doesn't know.
/// </summary>
internal ref struct SubscribersReader
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly SubscribersRequest _request = new();
    private Utf8JsonReader _json;

    private SubscribersReader(ReadOnlyMemory<byte> body)
    {
        _body = body;
        _json = new Utf8JsonReader(body.Span);
    }

    public static SubscribersRequest Read(ReadOnlyMemory<byte> body)
    {
        var reader = new SubscribersReader(body);
        try
        {
            reader.ReadBody();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            reader._request.Malformed = body.IsEmpty ? "No content to map due to end-of-input" : "Unexpected character or end-of-input";
        }

        return reader._request;
    }

    private void ReadBody()
    {
        _json.Read();
        if (!Expect(JsonTokenType.StartObject, "obj", "", "Object expected"))
            return;
        var hasSubscribers = false;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndObject)
        {
            if (_json.ValueTextEquals("listId"u8))
            {
                ReadListId();
            }
            else if (_json.ValueTextEquals("subscribers"u8))
            {
                hasSubscribers = true;
                ReadRows();
            }
            else if (_json.ValueTextEquals("updateExistingUsersOnly"u8))
            {
                _request.UpdateExistingUsersOnly = ReadBoolean("obj.updateExistingUsersOnly", "");
            }
            else if (_json.ValueTextEquals("channelUnsubscribe"u8))
            {
                _request.ChannelUnsubscribe = ReadBoolean("obj.channelUnsubscribe", "");
            }
            else
            {
                _json.Read();
                _json.Skip();
            }
        }

        _json.Read(); // what follows the object makes the body malformed
        if (_request.ListId is null && _request.TypeErrors.Count == 0)
            Fault("obj.listId", "", "Required value missing");
        if (!hasSubscribers)
            Fault("obj.subscribers", "", "Required value missing");
    }

    private void ReadListId()
    {
        _json.Read();
        if (!Expect(JsonTokenType.Number, "obj.listId", "", "Number value expected"))
            return;
        if (_json.TryGetInt64(out var listId))
            _request.ListId = listId;
        else
            Fault("obj.listId", "", "Number value expected");
    }

    private void ReadRows()
    {
        _json.Read();
        if (!Expect(JsonTokenType.StartArray, "obj.subscribers", "", "Array expected"))
            return;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            ReadRow();
    }

    private void ReadRow()
    {
        if (!Expect(JsonTokenType.StartObject, "", "", "Object expected"))
        {
            _request.Rows.Add(default); // keeps the numbers of the rows after it right
            return;
        }

        ReadOnlyMemory<byte>? email = null;
        ReadOnlyMemory<byte>? userId = null;
        var preferUserId = false;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndObject)
        {
            if (_json.ValueTextEquals("email"u8))
            {
                email = ReadString(".email");
            }
            else if (_json.ValueTextEquals("userId"u8))
            {
                userId = ReadString(".userId");
            }
            else if (_json.ValueTextEquals("preferUserId"u8))
            {
                preferUserId = ReadBoolean("", ".preferUserId") ?? false;
            }
            else if (_json.ValueTextEquals("mergeNestedObjects"u8))
            {
                ReadBoolean("", ".mergeNestedObjects");
            }
            else if (_json.ValueTextEquals("dataFields"u8))
            {
                _json.Read();
                if (_json.TokenType == JsonTokenType.Null || Expect(JsonTokenType.StartObject, "", ".dataFields", "Object expected"))
                    _json.Skip();
            }
            else
            {
                _json.Read();
                _json.Skip();
            }
        }

        _request.Rows.Add(new SubscriberRow(email, userId, preferUserId));
    }

    private ReadOnlyMemory<byte>? ReadString(string field)
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Null || !Expect(JsonTokenType.String, "", field, "String value expected"))
            return null;
        if (!_json.ValueIsEscaped)
            return _body.Slice((int)_json.TokenStartIndex + 1, _json.ValueSpan.Length);
        var unescaped = new byte[_json.ValueSpan.Length];
        return unescaped.AsMemory(0, _json.CopyString(unescaped));
    }

    private bool? ReadBoolean(string path, string field)
    {
        _json.Read();
        if (_json.TokenType is JsonTokenType.True or JsonTokenType.False)
            return _json.GetBoolean();
        if (_json.TokenType != JsonTokenType.Null)
            Expect(JsonTokenType.True, path, field, "Boolean value expected");
        return null;
    }

    // An empty path stands for the row that is being read.
    private bool Expect(JsonTokenType type, string path, string field, string expected)
    {
        if (_json.TokenType == type)
            return true;
        Fault(path, field, expected);
        _json.Skip();
        return false;
    }

    private readonly void Fault(string path, string field, string expected)
    {
        var place = path.Length > 0 ? path : string.Create(CultureInfo.InvariantCulture, $"obj.subscribers[{_request.Rows.Count}]{field}");
        _request.TypeErrors.Add((place, expected));
    }
}
