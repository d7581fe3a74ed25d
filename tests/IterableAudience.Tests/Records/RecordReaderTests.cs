using System.Text;
using CsCheck;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Records;

public class RecordReaderTests
{
    private static readonly IdentifierMapping Mapping = new("EMAIL", "ID");

    private static ReceivedRecord Read(string json, IdentifierMapping? mapping = null)
        => RecordReader.Read(Encoding.UTF8.GetBytes(json), 7, mapping ?? Mapping);

    [Fact]
    public void A_record_with_fields_is_mapped()
        => Assert.Equal(
            new ReceivedRecord(7, RecordAction.Insert, "42", "r-1", " Ada@Example.com ", "u-7"),
            Read("""{"action":"insert","primaryKey":"42","recordId":"r-1","fields":{"EMAIL":" Ada@Example.com ","ID":"u-7","NAME":"x"}}"""));

    [Fact]
    public void A_record_event_as_RudderStack_sends_it_is_read()
        => Assert.Equal(
            new ReceivedRecord(7, RecordAction.Delete, null, "3", "ada@example.com", "u1"),
            Read("""
                {"type":"record","action":"delete","channel":"sources","identifiers":{"email":"ada@example.com","userId":"u1"},"fields":{},
                 "recordId":"3","rudderId":"x","messageId":"m","receivedAt":"2026-01-01T10:00:00.000Z","request_ip":null,
                 "context":{"sources":{"job_id":"j","list":[1,{"a":[]}],"version":1.5,"on":true}}}
                """));

    [Theory]
    [InlineData("insert", RecordAction.Insert)]
    [InlineData("update", RecordAction.Update)]
    [InlineData("delete", RecordAction.Delete)]
    [InlineData("d\\u0065lete", RecordAction.Delete)]
    public void The_three_actions_are_known(string word, RecordAction action)
    {
        var record = Read($$"""{"action":"{{word}}","primaryKey":"1"}""");
        Assert.Equal((action, Reason.None), (record.Action, record.Fault));
    }

    [Theory]
    [InlineData("""{"primaryKey":"1","recordId":"r"}""")]
    [InlineData("""{"primaryKey":"1","recordId":"r","action":null}""")]
    [InlineData("""{"primaryKey":"1","recordId":"r","action":""}""")]
    [InlineData("""{"primaryKey":"1","recordId":"r","action":"Insert"}""")]
    [InlineData("""{"primaryKey":"1","recordId":"r","action":"upsert"}""")]
    [InlineData("""{"primaryKey":"1","recordId":"r","ACTION":"insert"}""")]
    public void Another_action_or_none_is_unsupported_and_the_row_stays_recognizable(string json)
    {
        var record = Read(json);
        Assert.Equal((null, Reason.UnsupportedAction, "1", "r"), (record.Action, record.Fault, record.PrimaryKey, record.RecordId));
    }

    public static TheoryData<string, string?, Reason> Keys => new()
    {
        { "\"7\"", "7", Reason.None },
        { "7", "7", Reason.None },
        { "7.0", "7.0", Reason.None },
        { "-1.5e3", "-1.5e3", Reason.None },
        { "12345678901234567890123", "12345678901234567890123", Reason.None },
        { "true", "true", Reason.None },
        { "false", "false", Reason.None },
        { "\" 7 \"", " 7 ", Reason.None },
        { "\" \"", " ", Reason.None },
        { "\"\\u00fc\\n\"", "ü\n", Reason.None },
        { "null", null, Reason.NullPrimaryKey },
        { "\"\"", null, Reason.NullPrimaryKey },
        { "{}", null, Reason.MalformedRecord },
        { "[1]", null, Reason.MalformedRecord },
        { "\"a\\u0000b\"", null, Reason.MalformedRecord },
        { "\"" + new string('k', 1024) + "\"", new string('k', 1024), Reason.None },
        { "\"" + new string('k', 1025) + "\"", null, Reason.MalformedRecord },
        { new string('1', 1025), null, Reason.MalformedRecord },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void Keys_are_taken_exactly_or_not_at_all(string json, string? key, Reason fault)
    {
        var record = Read($$"""{"action":"insert","fields":{"EMAIL":"ada@example.com"},"primaryKey":{{json}} }""");
        Assert.Equal((key, fault), (record.PrimaryKey, record.Fault));
    }

    [Fact]
    public void Without_a_key_the_record_is_keyless()
    {
        var record = Read("""{"action":"insert","fields":{"EMAIL":"ada@example.com"}}""");
        Assert.Equal((null, Reason.None), (record.PrimaryKey, record.Fault));
    }

    [Theory]
    [InlineData("\"r\"", "r", Reason.None)]
    [InlineData("\"\"", "", Reason.None)]
    [InlineData("12", "12", Reason.None)]
    [InlineData("null", null, Reason.None)]
    [InlineData("true", null, Reason.MalformedRecord)]
    [InlineData("{}", null, Reason.MalformedRecord)]
    [InlineData("[]", null, Reason.MalformedRecord)]
    [InlineData("\"\\u0000\"", null, Reason.MalformedRecord)]
    public void A_record_id_is_a_string_or_a_number(string json, string? id, Reason fault)
    {
        var record = Read($$"""{"action":"insert","primaryKey":"1","recordId":{{json}}}""");
        Assert.Equal((id, fault), (record.RecordId, record.Fault));
    }

    [Fact]
    public void A_record_id_has_a_limit()
        => Assert.Equal(Reason.MalformedRecord, Read($$"""{"action":"insert","recordId":"{{new string('r', 1025)}}"}""").Fault);

    [Theory]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", "a@example.com", "u")]
    [InlineData("""{"EMAIL":"a@example.com"}""", "a@example.com", null)]
    [InlineData("""{"EMAIL":null,"ID":null}""", null, null)]
    [InlineData("""{"EMAIL":7,"ID":8.50}""", "7", "8.50")]
    [InlineData("""{"EMAIL":true,"ID":false}""", "true", "false")]
    [InlineData("""{"EMAIL":"","ID":" "}""", "", " ")]
    [InlineData("""{"email":"a@example.com","id":"u"}""", null, null)]
    [InlineData("""{"OTHER":{"EMAIL":"a@example.com"},"MORE":["ID"],"ID":"u"}""", null, "u")]
    [InlineData("""{"\u0045MAIL":"a@example.com"}""", "a@example.com", null)]
    [InlineData("""{"EMAIL":"a@example.com","EMAIL":"b@example.com"}""", "b@example.com", null)]
    [InlineData("""{"EMAIL":{},"EMAIL":"b@example.com"}""", "b@example.com", null)]
    [InlineData("""{"EMAIL":"a@example.com","EMAIL":null}""", null, null)]
    [InlineData("{}", null, null)]
    [InlineData("null", null, null)]
    public void Fields_give_the_mapped_columns_as_text(string fields, string? email, string? userId)
    {
        var record = Read($$"""{"action":"insert","primaryKey":"1","fields":{{fields}}}""");
        Assert.Equal((email, userId, Reason.None), (record.Email, record.UserId, record.Fault));
    }

    [Theory]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", """{"email":"b@example.com"}""", "b@example.com", "u")]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", """{"userId":7}""", "a@example.com", "7")]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", """{"email":null}""", null, "u")]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", """{"email":"","userId":null}""", "", null)]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", """{"phone":{},"EMAIL":"x"}""", "a@example.com", "u")]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", "{}", "a@example.com", "u")]
    [InlineData("""{"EMAIL":"a@example.com","ID":"u"}""", "null", "a@example.com", "u")]
    [InlineData("{}", """{"email":"a@example.com","userId":"u","email":"b@example.com"}""", "b@example.com", "u")]
    public void Identifiers_win_over_fields_even_when_null(string fields, string identifiers, string? email, string? userId)
    {
        foreach (var json in new[]
        {
            $$"""{"action":"insert","primaryKey":"1","fields":{{fields}},"identifiers":{{identifiers}}}""",
            $$"""{"identifiers":{{identifiers}},"fields":{{fields}},"primaryKey":"1","action":"insert"}""",
        })
        {
            var record = Read(json);
            Assert.Equal((email, userId, Reason.None), (record.Email, record.UserId, record.Fault));
        }
    }

    [Fact]
    public void One_column_may_feed_both_identifiers()
    {
        var record = Read("""{"action":"insert","fields":{"MAIL":"a@example.com"}}""", new IdentifierMapping("MAIL", "MAIL"));
        Assert.Equal(("a@example.com", "a@example.com"), (record.Email, record.UserId));
    }

    [Fact]
    public void Column_names_beyond_ASCII_are_found()
        => Assert.Equal("a@example.com", Read("""{"action":"insert","fields":{"E-Mail-Adresse (geschäftlich)":"a@example.com"}}""", new("E-Mail-Adresse (geschäftlich)", null)).Email);

    [Fact]
    public void Without_a_mapping_fields_give_nothing()
    {
        var record = Read("""{"action":"insert","fields":{"EMAIL":{"not":"looked at"},"email":"a@example.com"}}""", IdentifierMapping.None);
        Assert.Equal((null, null, Reason.None), (record.Email, record.UserId, record.Fault));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("\"text\"")]
    [InlineData("[]")]
    [InlineData("""[{"action":"insert"}]""")]
    [InlineData("{")]
    [InlineData("}")]
    [InlineData("""{"action":"insert" """)]
    [InlineData("""{"action":"insert"} x""")]
    [InlineData("""{"action":"insert"}{"action":"insert"}""")]
    [InlineData("""{"action":"insert",}""")]
    [InlineData("""{"action" "insert"}""")]
    [InlineData("""{action:"insert"}""")]
    [InlineData("""{'action':'insert'}""")]
    [InlineData("""{"action":"insert"/**/}""")]
    [InlineData("""{"action":insert}""")]
    [InlineData("""{"action":"insert","primaryKey":01}""")]
    [InlineData("""{"action":"insert","primaryKey":"\x"}""")]
    [InlineData("""{"action":"insert","primaryKey":"\ud800"}""")]
    [InlineData("""{"action":"insert","fields":{"EMAIL":"\udc00\ud800"}}""")]
    [InlineData("""{"action":7,"primaryKey":"1"}""")]
    [InlineData("""{"action":["insert"],"primaryKey":"1"}""")]
    [InlineData("""{"type":"track","action":"insert","primaryKey":"1"}""")]
    [InlineData("""{"type":7,"action":"insert","primaryKey":"1"}""")]
    [InlineData("""{"type":{"type":"record"},"action":"insert","primaryKey":"1"}""")]
    [InlineData("""{"action":"insert","fields":[]}""")]
    [InlineData("""{"action":"insert","fields":"EMAIL"}""")]
    [InlineData("""{"action":"insert","fields":{"EMAIL":{}}}""")]
    [InlineData("""{"action":"insert","fields":{"ID":["u"]}}""")]
    [InlineData("""{"action":"insert","fields":{"ID":["u"]},"identifiers":{"userId":"u"}}""")]
    [InlineData("""{"action":"insert","identifiers":[]}""")]
    [InlineData("""{"action":"insert","identifiers":true}""")]
    [InlineData("""{"action":"insert","identifiers":{"email":{"is":"a@example.com"}}}""")]
    [InlineData("""{"action":"insert","identifiers":{"userId":[]}}""")]
    public void What_is_no_record_is_malformed_and_says_why(string json)
    {
        var record = Read(json);
        Assert.Equal((7, Reason.MalformedRecord), (record.Line, record.Fault));
        Assert.EndsWith(".", record.FaultDetail, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_malformed()
    {
        byte[] bytes = [.. """{"action":"insert","ignored":" """u8, 0xC3, 0x28, .. "\"}"u8];
        var record = RecordReader.Read(bytes, 3, Mapping);
        Assert.Equal((Reason.MalformedRecord, RecordFaults.NotUtf8), (record.Fault, record.FaultDetail));
    }

    [Fact]
    public void Sixteen_levels_are_fine_and_more_are_too_deep()
    {
        static string Nested(int levels) => $$"""{"action":"insert","context":{{new string('[', levels - 1)}}{{new string(']', levels - 1)}}}""";
        Assert.Equal(Reason.None, Read(Nested(16)).Fault);
        var record = Read(Nested(17));
        Assert.Equal((Reason.MalformedRecord, RecordFaults.TooDeep), (record.Fault, record.FaultDetail));
    }

    [Fact]
    public void Of_a_member_named_twice_the_last_one_counts()
        => Assert.Equal(
            new ReceivedRecord(7, RecordAction.Update, "2", "s", null, "v"),
            Read("""
                {"action":"delete","action":7,"action":"update","primaryKey":null,"primaryKey":"2","recordId":{},"recordId":"s","type":"track","type":"record",
                 "fields":"no","fields":{"EMAIL":"a@example.com"},"fields":{"ID":"u"},"identifiers":[],"identifiers":{"email":"x"},"identifiers":{"userId":"v"}}
                """));

    [Fact]
    public void A_malformed_record_is_that_before_anything_else()
        => Assert.Equal(Reason.MalformedRecord, Read("""{"action":"upsert","primaryKey":null,"fields":[]}""").Fault);

    [Theory]
    [InlineData("""{"action":"secret","primaryKey":"secret"}""")]
    [InlineData("""{"action":"insert","primaryKey":{"secret":"secret"}}""")]
    [InlineData("""{"action":"insert","primaryKey":"secret\ud800"}""")]
    [InlineData("""{"action":"insert","recordId":["secret"]}""")]
    [InlineData("""{"type":"secret"}""")]
    [InlineData("""{"secret""")]
    [InlineData("secret")]
    public void No_fault_repeats_a_value_of_the_record(string json)
        => Assert.DoesNotContain("secret", Read(json).FaultDetail, StringComparison.Ordinal);

    [Fact]
    public void Any_bytes_are_read_without_throwing()
        => Gen.Byte.Array[0, 200].Sample(bytes => RecordReader.Read(bytes, 1, Mapping).Line == 1);

    [Fact]
    public void A_record_broken_anywhere_is_read_without_throwing()
    {
        var whole = """{"type":"record","action":"insert","primaryKey":"4\u00fc2","recordId":1,"fields":{"EMAIL":"ä@example.com","ID":7},"identifiers":{"email":null},"context":{"a":[1,2,{}]}}"""u8.ToArray();
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, whole.Length], Gen.Bool).Sample((at, value, cut, shorten) =>
        {
            var bytes = whole.ToArray();
            bytes[at] = value;
            var record = RecordReader.Read(shorten ? bytes.AsSpan(0, cut) : bytes, 1, Mapping);
            Assert.Equal(record.Fault == Reason.None, record.FaultDetail is null);
            Assert.True(record.Fault != Reason.None || record.Action is not null);
        });
    }

    [Fact]
    public void What_is_written_is_what_is_read()
        => Gen.Select(Gen.String[1, 50].Where(IsText), Gen.String.Where(IsText).Null(), Gen.String.Where(IsText).Null()).Sample((key, email, userId) =>
        {
            var json = System.Text.Json.JsonSerializer.Serialize(new { action = "insert", primaryKey = key, fields = new { EMAIL = email, ID = userId } });
            Assert.Equal(new ReceivedRecord(7, RecordAction.Insert, key, null, email, userId), Read(json));
        });

    private static bool IsText(string text)
        => !text.Contains('\0', StringComparison.Ordinal) && text.EnumerateRunes().All(r => r != Rune.ReplacementChar);
}
