using System.Text;
using CsCheck;
using IterableAudience.Records;
using IterableAudience.Syncs.Intake;
using Xunit;
using static IterableAudience.Tests.Intake.Bodies;

namespace IterableAudience.Tests.Intake;

public class JsonDocumentTests
{
    private static async Task<BodyException> FaultAsync(string body) => await Assert.ThrowsAsync<BodyException>(() => ReadJsonAsync(body));

    [Theory]
    [InlineData("""{"records":[{0},{1}]}""")]
    [InlineData("""{"a":1,"b":{"records":[7]},"c":[[],{}],"records":[{0},{1}],"d":null,"e":{}}""")]
    [InlineData("  {\n\"records\" : [ {0} ,\r\n {1} ] }\n\n ")]
    [InlineData("\ufeff{\"r\\u0065cords\":[{0},{1}]}")]
    public async Task The_elements_of_records_are_the_records(string form)
    {
        ArgumentNullException.ThrowIfNull(form);
        var (records, _) = await ReadJsonAsync(form.Replace("{0}", Record(1), StringComparison.Ordinal).Replace("{1}", Record(2), StringComparison.Ordinal));
        Assert.Equal([(1, "1", Reason.None), (2, "2", Reason.None)], records.Select(r => (r.Line, r.PrimaryKey, r.Fault)));
    }

    [Fact]
    public async Task An_empty_array_has_no_records()
    {
        var (records, _) = await ReadJsonAsync("""{"records":[]}""");
        Assert.Empty(records);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("-1.5e3")]
    [InlineData("\"text\"")]
    [InlineData("[]")]
    [InlineData("[[{}]]")]
    [InlineData("{}", Reason.UnsupportedAction)]
    [InlineData("""{"action":"insert","primaryKey":{}}""")]
    [InlineData("""{"action":"insert","primaryKey":"\ud800"}""")]
    [InlineData("""{"action":"insert","x":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}""")]
    public async Task A_bad_element_costs_only_itself(string element, Reason fault = Reason.MalformedRecord)
    {
        var (records, _) = await ReadJsonAsync($$"""{"records":[{{Record(1)}},{{element}},{{Record(3)}}]}""");
        Assert.Equal([(1, Reason.None), (2, fault), (3, Reason.None)], records.Select(r => (r.Line, r.Fault)));
    }

    [Fact]
    public async Task An_element_that_is_not_UTF_8_costs_only_itself()
    {
        byte[] bytes = [.. """{"records":[{"action":"insert","x":" """u8, 0xC3, 0x28, .. "\"},"u8, .. Encoding.UTF8.GetBytes(Record(2)), .. "]}"u8];
        var (records, _) = await ReadJsonAsync(new MemoryStream(bytes));
        Assert.Equal([Reason.MalformedRecord, Reason.None], records.Select(r => r.Fault));
    }

    [Theory]
    [InlineData(0, Reason.None)]
    [InlineData(1, Reason.MalformedRecord)]
    [InlineData(500_000, Reason.MalformedRecord)]
    public async Task An_element_may_have_64_KB_and_a_larger_one_costs_only_itself(int more, Reason fault)
    {
        var (records, _) = await ReadJsonAsync($$"""{"records":[{{Record(1)}},{{RecordOf(RecordReader.MaxBytes + more)}},{{Record(3)}}]}""");
        Assert.Equal([(1, Reason.None), (2, fault), (3, Reason.None)], records.Select(r => (r.Line, r.Fault)));
    }

    [Fact]
    public async Task An_element_of_many_megabytes_is_passed_over()
    {
        var many = string.Join(',', Enumerable.Repeat("""{"a":[1,"x",{}]}""", 300_000));
        var (records, _) = await ReadJsonAsync($$"""{"ignored":[{{many}}],"records":[{"many":[{{many}}]},{{Record(2)}}]}""");
        Assert.Equal([(1, Reason.MalformedRecord, RecordFaults.TooLarge), (2, Reason.None, null)], records.Select(r => (r.Line, r.Fault, r.FaultDetail)));
    }

    [Theory]
    [InlineData("""{"records":["@"]}""")]
    [InlineData("""{"x":"@","records":[]}""")]
    [InlineData("""{"records":[{"x":"@"}]}""")]
    public async Task A_single_value_above_1_MB_is_too_large(string form)
    {
        ArgumentNullException.ThrowIfNull(form);
        foreach (var size in new[] { 1_048_577, 5_000_000 })
        {
            var fault = await FaultAsync(form.Replace("@", new string('x', size), StringComparison.Ordinal));
            Assert.Equal(BodyFault.TooLarge, fault.Fault);
        }

        await ReadJsonAsync(form.Replace("@", new string('x', 1_048_000), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("\ufeff")]
    [InlineData("{")]
    [InlineData("""{"records":[""")]
    [InlineData("""{"records":[{"action":"insert"}""")]
    [InlineData("""{"records":[{"action":"insert","primaryKey":"1""")]
    [InlineData("""{"records":[]""")]
    [InlineData("""{"records":[],"x":12""")]
    [InlineData("""{"records":[]},""")]
    [InlineData("""{"records":[]}{}""")]
    [InlineData("""{"records":[]} x""")]
    [InlineData("""{"records":[{}],}""")]
    [InlineData("""{"records":[{},]}""")]
    [InlineData("""{"records":[{}{}]}""")]
    [InlineData("""{"records":[{"action" "insert"}]}""")]
    [InlineData("""{"records":[{action:"insert"}]}""")]
    [InlineData("""{"records":{}}""")]
    [InlineData("""{"records":null}""")]
    [InlineData("""{"records":"x"}""")]
    [InlineData("""{"records":[],"records":[]}""")]
    [InlineData("""{"Records":[]}""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""[{"records":[]}]""")]
    [InlineData("null")]
    [InlineData("7 ")]
    [InlineData("no json")]
    [InlineData("""{"\ud800records":1}""")]
    public async Task What_is_no_document_of_records_is_refused_with_its_fault(string body)
    {
        Assert.Equal(BodyFault.NotJson, (await FaultAsync(body)).Fault);
        foreach (var size in new[] { 1, 3 })
        {
            var chopped = await Assert.ThrowsAsync<BodyException>(() => ReadJsonAsync(new PiecewiseStream(Encoding.UTF8.GetBytes(body), [size])));
            Assert.Equal(BodyFault.NotJson, chopped.Fault);
        }
    }

    [Theory]
    [InlineData(200)]
    [InlineData(30_000)]
    public async Task A_record_however_deep_costs_only_itself(int depth)
    {
        var deep = $$"""{"action":"insert","fields":{{new string('[', depth)}}{{new string(']', depth)}}}""";
        var read = await ReadJsonAsync(new MemoryStream(Encoding.UTF8.GetBytes($$"""{"records":[{{deep}},{{Record(2)}}]}""")));
        Assert.Equal([Reason.MalformedRecord, Reason.None], read.Records.Select(r => r.Fault));
    }

    [Fact]
    public async Task A_body_deeper_than_any_record_is_said_to_be_that()
        => Assert.Contains("nested too deep", (await FaultAsync("{\"x\":" + new string('[', 70_000) + new string(']', 70_000) + ",\"records\":[]}")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task The_fault_names_the_place_and_nothing_of_the_body()
    {
        var fault = await FaultAsync("{\"records\":[\n" + Record(1) + ",\n  {\"action\":secret}]}");
        Assert.Contains("line 3, byte 13", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_place_is_right_far_down_too()
    {
        var fault = await FaultAsync("{\"records\":[\n" + string.Concat(Enumerable.Range(1, 20_000).Select(i => Record(i) + ",\n")) + "]}");
        Assert.Contains("line 20002, byte 1.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task However_a_document_is_chopped_its_records_and_hash_are_the_same()
    {
        var element = Gen.Frequency(
            (6, Gen.Int[1, 99].Select(Record)),
            (1, Gen.Const("12.5")),
            (1, Gen.Const("\"a\\\"b\"")),
            (1, Gen.Const("[{}, [1]]")),
            (1, Gen.Int[RecordReader.MaxBytes - 2, RecordReader.MaxBytes + 3].Select(RecordOf)),
            (1, Gen.Const(RecordOf(300_000))),
            (1, Gen.Const("{\"a\":[" + string.Join(',', Enumerable.Repeat("{\"b\":\"c\"}", 20_000)) + "]}")));
        var before = Gen.OneOf(Gen.Const(""), Gen.Const("\"a\":1,"), Gen.Const(" \n \"b\" : [ {} , {\"records\":[]} ] ,"));
        await Gen.Select(element.Array[0, 10], before, Gen.OneOf(Gen.Int[1, 9], Gen.Int[10, 5000], Gen.Int[60_000, 300_000]).Array[1, 5]).SampleAsync(async (elements, members, sizes) =>
        {
            var bytes = Encoding.UTF8.GetBytes("{" + members + "\"records\":[" + string.Join(",\n", elements) + "]}\n");
            var whole = await ReadJsonAsync(new MemoryStream(bytes));
            var chopped = await ReadJsonAsync(new PiecewiseStream(bytes, sizes));
            Assert.Equal(elements.Length, whole.Records.Count);
            Assert.Equal(whole.Records, chopped.Records);
            Assert.Equal(whole.Body, chopped.Body);
        }, iter: 60);
    }

    [Fact]
    public async Task A_document_that_breaks_off_anywhere_is_refused()
    {
        var whole = Encoding.UTF8.GetBytes($$"""{"x":[1,{}],"records":[{{Record(1)}},{{Record(2)}}],"y":"ü"}""");
        for (var length = 0; length < whole.Length; length++)
        {
            var fault = await Assert.ThrowsAsync<BodyException>(() => ReadJsonAsync(new MemoryStream(whole, 0, length)));
            Assert.Equal(BodyFault.NotJson, fault.Fault);
        }
    }

    [Fact]
    public async Task Any_bytes_are_read_or_refused()
        => await Gen.Select(Gen.OneOf(Gen.Byte, Gen.OneOf(Gen.Char["{}[],:\"\\ 1"]).Select(c => (byte)c)).Array[0, 100], Gen.Bool, Gen.Int[1, 50]).SampleAsync(async (bytes, inside, size) =>
        {
            try
            {
                await ReadJsonAsync(new PiecewiseStream(inside ? [.. "{\"records\":["u8, .. bytes, .. "]}"u8] : bytes, [size]));
            }
            catch (BodyException e)
            {
                Assert.Equal(BodyFault.NotJson, e.Fault);
            }
        }, iter: 3000);
}
