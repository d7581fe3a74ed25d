using System.Text.Json;

namespace IterableAudience.Iterable;

/// <summary>
/// Iterable's failure lists, in the order of precedence: a person who is named twice has the first of them as reason.
/// Even numbers hold e-mails, odd ones userIds.
/// </summary>
internal enum FailureList : byte
{
    ForgottenEmails,
    ForgottenUserIds,
    ConflictEmails,
    ConflictUserIds,
    InvalidEmails,
    InvalidUserIds,
    InvalidDataEmails,
    InvalidDataUserIds,
    NotFoundEmails,
    NotFoundUserIds,
}

/// <summary>One identifier that Iterable names as failed.</summary>
internal readonly record struct NamedFailure(FailureList List, string Identifier)
{
    public bool IsEmail => ((byte)List & 1) == 0;
}

/// <summary>
/// The 200 answer of subscribe and unsubscribe. Failures are listed at the top level (older), in <c>failedUpdates</c> (newer) or in both,
/// so each identifier is kept once.
/// </summary>
internal sealed record ListAnswer(long SuccessCount, long FailCount, IReadOnlyCollection<NamedFailure> Failures)
{
    private const int Lists = 10;

    private static readonly string[] Names = [.. Enum.GetNames<FailureList>().Select(JsonNamingPolicy.CamelCase.ConvertName)];

    /// <summary>Iterable's name of a list, e.g. <c>notFoundUserIds</c>.</summary>
    public static string NameOf(FailureList list) => Names[(int)list];

    /// <summary>Reads a body; null when it is empty, cut off, no JSON, or lacks the counts that everything rests on.</summary>
    public static ListAnswer? TryRead(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return Read(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static ListAnswer? Read(ref Utf8JsonReader reader)
    {
        long? success = null, fail = null;
        HashSet<NamedFailure>? failures = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("successCount"u8))
            {
                success = ReadCount(ref reader);
            }
            else if (reader.ValueTextEquals("failCount"u8))
            {
                fail = ReadCount(ref reader);
            }
            else if (reader.ValueTextEquals("failedUpdates"u8))
            {
                ReadNested(ref reader, ref failures);
            }
            else
            {
                ReadMember(ref reader, ref failures);
            }
        }

        reader.Read(); // throws when something follows the object
        return success is null || fail is null ? null : new ListAnswer(success.Value, fail.Value, (IReadOnlyCollection<NamedFailure>?)failures ?? []);
    }

    private static void ReadNested(ref Utf8JsonReader reader, ref HashSet<NamedFailure>? failures)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException();
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadMember(ref reader, ref failures);
        }
    }

    /// <summary>Reads one failure list, or skips a member that isn't one: Iterable adds members without notice.</summary>
    private static void ReadMember(ref Utf8JsonReader reader, ref HashSet<NamedFailure>? failures)
    {
        var list = 0;
        while (list < Lists && !reader.ValueTextEquals(Names[list]))
        {
            list++;
        }

        reader.Read();
        if (list == Lists || reader.TokenType == JsonTokenType.Null)
        {
            reader.Skip();
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException();
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Null)
            {
                failures ??= new HashSet<NamedFailure>(SameIdentifier.Instance);
                failures.Add(new NamedFailure((FailureList)list, reader.GetString()!));
            }
        }
    }

    private static long ReadCount(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var count) && count >= 0 ? count : throw new JsonException();
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new JsonException();
        }
    }

    /// <summary>E-mails are one identifier in any case, userIds exactly.</summary>
    private sealed class SameIdentifier : IEqualityComparer<NamedFailure>
    {
        public static readonly SameIdentifier Instance = new();

        public bool Equals(NamedFailure x, NamedFailure y) => x.List == y.List && Comparer(x).Equals(x.Identifier, y.Identifier);

        public int GetHashCode(NamedFailure obj) => HashCode.Combine(obj.List, Comparer(obj).GetHashCode(obj.Identifier));

        private static StringComparer Comparer(NamedFailure failure) => failure.IsEmail ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
    }
}
