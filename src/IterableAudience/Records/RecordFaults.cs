namespace IterableAudience.Records;

/// <summary>What can be wrong with a record as a whole: each names the fault and the mend, and never a value of the record.</summary>
internal static class RecordFaults
{
    public const string TooLarge = "The record is larger than 64 KB. Send only the columns that are mapped.";
    public const string NotUtf8 = "The record is not valid UTF-8. Send UTF-8.";
    public const string NotJson = "The record is not valid JSON. Send one JSON object.";
    public const string NotAnObject = "The record is not a JSON object. Send one JSON object per record.";
    public const string TooDeep = "The record is nested deeper than 16 levels. Send a flatter record.";
    public const string BadText = "A text of the record has an unpaired surrogate. Send valid Unicode.";
    public const string Type = "\"type\" is not \"record\". Send \"record\", or leave it out.";
    public const string ActionMissing = "\"action\" is missing. Send \"insert\", \"update\" or \"delete\".";
    public const string ActionUnknown = "\"action\" is none of \"insert\", \"update\", \"delete\" (in lower case). Send one of them.";
    public const string ActionNotText = "\"action\" is not a string. Send \"insert\", \"update\" or \"delete\".";
    public const string KeyEmpty = "\"primaryKey\" is null or empty. Send the row's key, or leave the member out for records without keys.";
    public const string KeyNotText = "\"primaryKey\" is an object or an array. Send a string or a number.";
    public const string KeyTooLong = "\"primaryKey\" is longer than 1024 characters. Send a shorter key.";
    public const string KeyHasNul = "\"primaryKey\" has a NUL character. Send a key without it.";
    public const string RecordIdNotText = "\"recordId\" is not a string or a number. Send one of them, or leave it out.";
    public const string RecordIdTooLong = "\"recordId\" is longer than 1024 characters. Send a shorter one, or leave it out.";
    public const string RecordIdHasNul = "\"recordId\" has a NUL character. Send one without it, or leave it out.";
    public const string FieldsNotObject = "\"fields\" is not an object. Send an object of column names and values.";
    public const string IdentifiersNotObject = "\"identifiers\" is not an object. Send an object with \"email\", \"userId\" or both.";
    public const string EmailNotText = "The value for email is an object or an array. Send a string.";
    public const string UserIdNotText = "The value for userId is an object or an array. Send a string or a number.";
}
