using System.Text;
using System.Text.Json;

namespace IterableAudience.Records;

/// <summary>
/// The members of one record while it is read. Every member replaces what an earlier one of the same name left, faults included;
/// only at the end is it decided what the record is.
/// </summary>
internal struct RecordMembers(IdentifierMapping mapping)
{
    /// <summary>Row keys and record ids are stored and indexed; longer ones are a mistake of the sender.</summary>
    private const int MaxTextLength = 1024;

    private string? _typeFault;
    private RecordAction? _action;
    private string? _actionFault = RecordFaults.ActionMissing;
    private Text _key;
    private Text _recordId;
    private string? _fieldsFault;
    private Text _emailField;
    private Text _userIdField;
    private string? _identifiersFault;
    private Text? _email;
    private Text? _userId;

    /// <summary>Takes the member whose name the reader stands on, and leaves the reader at the end of its value.</summary>
    public void Take(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("action"u8))
        {
            TakeAction(ref reader);
        }
        else if (reader.ValueTextEquals("primaryKey"u8))
        {
            _key = Value(ref reader, RecordFaults.KeyNotText).Checked(RecordFaults.KeyEmpty, RecordFaults.KeyTooLong, RecordFaults.KeyHasNul);
        }
        else if (reader.ValueTextEquals("fields"u8))
        {
            TakeFields(ref reader);
        }
        else if (reader.ValueTextEquals("identifiers"u8))
        {
            TakeIdentifiers(ref reader);
        }
        else if (reader.ValueTextEquals("recordId"u8))
        {
            TakeRecordId(ref reader);
        }
        else if (reader.ValueTextEquals("type"u8))
        {
            reader.Read();
            var isRecord = reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("record"u8));
            _typeFault = isRecord ? null : RecordFaults.Type;
            reader.Skip();
        }
        else
        {
            reader.Skip();
        }
    }

    /// <summary>What has been read, as a record. The key and the record id are given also with a fault, so that the sender finds the row.</summary>
    public readonly ReceivedRecord ToRecord(int line)
    {
        var (fault, detail) = Fault();
        return new ReceivedRecord(
            line, _action, _key.Value, _recordId.Value, (_email ?? _emailField).Value, (_userId ?? _userIdField).Value, fault, detail);
    }

    private readonly (Reason Fault, string? Detail) Fault()
    {
        var keyIsEmpty = (object?)_key.Fault == RecordFaults.KeyEmpty;
        var actionIsUnread = (object?)_actionFault == RecordFaults.ActionNotText;
        var malformed = _typeFault
            ?? (actionIsUnread ? _actionFault : null)
            ?? (keyIsEmpty ? null : _key.Fault)
            ?? _recordId.Fault
            ?? _fieldsFault ?? _emailField.Fault ?? _userIdField.Fault
            ?? _identifiersFault ?? _email?.Fault ?? _userId?.Fault;
        if (malformed is not null)
        {
            return (Reason.MalformedRecord, malformed);
        }

        if (_actionFault is not null)
        {
            return (Reason.UnsupportedAction, _actionFault);
        }

        return keyIsEmpty ? (Reason.NullPrimaryKey, _key.Fault) : (Reason.None, null);
    }

    private void TakeAction(ref Utf8JsonReader reader)
    {
        reader.Read();
        _action = null;
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                _action = reader.ValueTextEquals("insert"u8) ? RecordAction.Insert
                    : reader.ValueTextEquals("update"u8) ? RecordAction.Update
                    : reader.ValueTextEquals("delete"u8) ? RecordAction.Delete
                    : null;
                _actionFault = _action is null ? RecordFaults.ActionUnknown : null;
                break;
            case JsonTokenType.Null:
                _actionFault = RecordFaults.ActionMissing;
                break;
            default:
                _actionFault = RecordFaults.ActionNotText;
                reader.Skip();
                break;
        }
    }

    private void TakeRecordId(ref Utf8JsonReader reader)
    {
        var text = Value(ref reader, RecordFaults.RecordIdNotText);
        var isBoolean = reader.TokenType is JsonTokenType.True or JsonTokenType.False;
        _recordId = isBoolean ? new Text(null, RecordFaults.RecordIdNotText) : text.Checked(null, RecordFaults.RecordIdTooLong, RecordFaults.RecordIdHasNul);
    }

    private void TakeFields(ref Utf8JsonReader reader)
    {
        _emailField = _userIdField = default;
        if (!IsObject(ref reader, RecordFaults.FieldsNotObject, out _fieldsFault))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // one column may feed both
            var isEmail = mapping.EmailColumn is not null && reader.ValueTextEquals(mapping.EmailColumn);
            var isUserId = mapping.UserIdColumn is not null && reader.ValueTextEquals(mapping.UserIdColumn);
            if (!isEmail && !isUserId)
            {
                reader.Skip();
                continue;
            }

            var value = Value(ref reader, isEmail ? RecordFaults.EmailNotText : RecordFaults.UserIdNotText);
            _emailField = isEmail ? value : _emailField;
            _userIdField = isUserId ? value : _userIdField;
        }
    }

    private void TakeIdentifiers(ref Utf8JsonReader reader)
    {
        _email = _userId = null;
        if (!IsObject(ref reader, RecordFaults.IdentifiersNotObject, out _identifiersFault))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("email"u8))
            {
                _email = Value(ref reader, RecordFaults.EmailNotText);
            }
            else if (reader.ValueTextEquals("userId"u8))
            {
                _userId = Value(ref reader, RecordFaults.UserIdNotText);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>Whether the member's value is an object to go into. Null is as good as absent; anything else leaves a fault.</summary>
    private static bool IsObject(ref Utf8JsonReader reader, string otherwise, out string? fault)
    {
        reader.Read();
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        fault = isObject || reader.TokenType == JsonTokenType.Null ? null : otherwise;
        if (!isObject)
        {
            reader.Skip();
        }

        return isObject;
    }

    /// <summary>The member's value as text: numbers and booleans as they are written, null as null.</summary>
    private static Text Value(ref Utf8JsonReader reader, string otherwise)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return new Text(reader.GetString(), null);
            case JsonTokenType.Number:
                return new Text(Encoding.UTF8.GetString(reader.ValueSpan), null);
            case JsonTokenType.True:
                return new Text("true", null);
            case JsonTokenType.False:
                return new Text("false", null);
            case JsonTokenType.Null:
                return default;
            default:
                reader.Skip();
                return new Text(null, otherwise);
        }
    }

    /// <summary>A value as text, or the fault that kept it from being one.</summary>
    private readonly record struct Text(string? Value, string? Fault)
    {
        public Text Checked(string? empty, string tooLong, string hasNul)
        {
            var fault = Fault
                ?? (string.IsNullOrEmpty(Value) ? empty
                : Value.Length > MaxTextLength ? tooLong
                : Value.Contains('\0', StringComparison.Ordinal) ? hasNul
                : null);
            return fault is null ? this : new Text(null, fault);
        }
    }
}
