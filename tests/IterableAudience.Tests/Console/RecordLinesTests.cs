using System.Text;
using System.Text.Json.Nodes;
using IterableAudience.Console;
using Xunit;

namespace IterableAudience.Tests.Console;

/// <summary>What is pasted or uploaded becomes records to the letter, or is refused with a sentence: a guess would put somebody on a list, or take somebody off.</summary>
public sealed class RecordLinesTests
{
    private static readonly CsvColumns Mapped = new("insert", ["EMAIL", "ID"]);
    private static readonly CsvColumns Own = new("insert", []);

    [Theory]
    [InlineData("action,primaryKey,EMAIL,ID\ndelete,7,a@example.com,u-7\n")]
    [InlineData("Action;PRIMARYKEY;EMAIL;ID\r\ndelete;7;a@example.com;u-7\r\n")]
    [InlineData("\uFEFF action ,primary_key, EMAIL,ID\ndelete,7,a@example.com,u-7")]
    [InlineData("primaryKey\taction\tEMAIL\tID\n7\tdelete\ta@example.com\tu-7\n\n")]
    public async Task The_columns_of_a_record_are_meant_however_they_are_written(string csv)
    {
        var record = JsonNode.Parse(await TakenAsync(csv, Mapped))!;

        Assert.Equal("delete", (string)record["action"]!);
        Assert.Equal("7", (string)record["primaryKey"]!);
        Assert.Equal("a@example.com", (string)record["fields"]!["EMAIL"]!);
        Assert.Equal("u-7", (string)record["fields"]!["ID"]!);
    }

    [Theory]
    [InlineData("EMAIL,ID\n\"a,b\"\"c\",\" two\nlines\"", "a,b\"c", " two\nlines")]
    [InlineData("EMAIL;ID\na,b,c;u", "a,b,c", "u")]
    public async Task A_cell_is_taken_as_it_is(string csv, string email, string id)
    {
        var fields = JsonNode.Parse(await TakenAsync(csv, Mapped))!["fields"]!;

        Assert.Equal((email, id), ((string)fields["EMAIL"]!, (string)fields["ID"]!));
    }

    [Fact]
    public async Task An_empty_key_is_a_fault_of_its_row_and_an_empty_cell_is_absent()
        => Assert.Equal("""{"action":"insert","primaryKey":"","fields":{"EMAIL":null,"ID":"u"}}""", await TakenAsync("primaryKey,EMAIL,ID\n,,u", Mapped));

    [Fact]
    public async Task Without_a_mapping_the_columns_are_the_identifiers()
        => Assert.Equal("""{"action":"insert","identifiers":{"email":"a@example.com","userId":"u"}}""", await TakenAsync("email,userId,other\na@example.com,u,x", Own));

    [Theory]
    [InlineData("", "nothing in it")]
    [InlineData(" \r\n", "nothing in it")]
    [InlineData("ada@example.com,u-1\nbob@example.com,u-2\n", "none of these is there: EMAIL, ID, primaryKey")]
    [InlineData("EMAIL,ID\na@example.com\n", "The row in line 2 has 1 cells, and the header 2")]
    [InlineData("EMAIL,ID\na@example.com,u\nb@example.com,u,v\n", "The row in line 3 has 3 cells, and the header 2")]
    [InlineData("EMAIL,ID,EMAIL\na,b,c", "Column 3 has the name of column 1")]
    [InlineData("EMAIL,ID\n\"a\"b,c", "The row that ends in line 2 can't be read")]
    [InlineData("""[{"action":"insert"}]""", "JSON array")]
    public async Task What_could_be_taken_wrongly_is_refused_without_a_value_of_a_row(string text, string says)
    {
        var (body, _, fault) = await ReadAsync(Encoding.UTF8.GetBytes(text), Mapped);

        Assert.Null(body);
        Assert.Contains(says, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_not_UTF_8_is_refused()
    {
        var (body, _, fault) = await ReadAsync([.. "EMAIL,ID\na@example.com,M"u8, 0xFC, .. "ller"u8], Mapped);

        Assert.Null(body);
        Assert.Contains("not UTF-8", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"records":[]}""", "application/json")]
    [InlineData("""  {"sentBy":{"records":1},"records":[{"action":"insert"}]}""", "application/json")]
    [InlineData("""{"action":"insert","fields":{"records":[]}}""", "application/x-ndjson")]
    [InlineData("""{"action":"insert","records":"no"}""", "application/x-ndjson")]
    [InlineData("{ broken", "application/x-ndjson")]
    public async Task JSON_goes_on_as_it_is(string json, string type)
    {
        var (body, contentType, _) = await ReadAsync(Encoding.UTF8.GetBytes(json), Mapped);

        Assert.Equal((type, json.TrimStart()), (contentType, await TextAsync(body!)));
    }

    [Fact]
    public async Task Bytes_of_JSON_that_are_not_UTF_8_reach_the_API_which_refuses_them()
    {
        byte[] line = [.. """{"action":"insert","primaryKey":"M"""u8, 0xFC, .. "\"}"u8];
        var (body, _, _) = await ReadAsync(line, Mapped);
        using var taken = new MemoryStream();
        await body!.CopyToAsync(taken, TestContext.Current.CancellationToken);

        Assert.Equal(line, taken.ToArray());
    }

    private static async Task<string> TakenAsync(string csv, CsvColumns columns)
    {
        var (body, contentType, fault) = await ReadAsync(Encoding.UTF8.GetBytes(csv), columns);
        Assert.Null(fault);
        Assert.Equal("application/x-ndjson", contentType);
        return (await TextAsync(body!)).TrimEnd('\n');
    }

    private static Task<(Stream? Body, string ContentType, string? Fault)> ReadAsync(byte[] text, CsvColumns columns)
        => RecordLines.ReadAsync(new MemoryStream(text), columns, TestContext.Current.CancellationToken);

    private static async Task<string> TextAsync(Stream body)
    {
        await using (body)
        {
            using var reader = new StreamReader(body);
            return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        }
    }
}
