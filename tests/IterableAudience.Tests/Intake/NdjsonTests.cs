using System.Text;
using CsCheck;
using IterableAudience.Records;
using IterableAudience.Syncs.Intake;
using Xunit;
using static IterableAudience.Tests.Intake.Bodies;

namespace IterableAudience.Tests.Intake;

public class NdjsonTests
{
    [Fact]
    public async Task Every_line_is_a_record()
    {
        var (records, _) = await ReadNdjsonAsync($"{Record(1)}\n{Record(2)}\n{Record(3)}\n");
        Assert.Equal([1, 2, 3], records.Select(r => r.Line));
        Assert.Equal(["1", "2", "3"], records.Select(r => r.PrimaryKey));
        Assert.All(records, r => Assert.Equal(Reason.None, r.Fault));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n\r\n  \n\t\n")]
    [InlineData("\ufeff")]
    public async Task A_body_without_records_is_whole(string body)
    {
        var (records, whole) = await ReadNdjsonAsync(body);
        Assert.Empty(records);
        Assert.Equal(0, whole.Records);
    }

    [Fact]
    public async Task Blank_lines_are_passed_over_but_counted()
    {
        var (records, _) = await ReadNdjsonAsync($"\n{Record(1)}\r\n\r\n \t\n{Record(2)}");
        Assert.Equal([(2, "1"), (5, "2")], records.Select(r => (r.Line, r.PrimaryKey)));
    }

    [Fact]
    public async Task The_last_line_needs_no_line_feed()
    {
        var (records, _) = await ReadNdjsonAsync($"{Record(1)}\n{Record(2)}\r");
        Assert.Equal(["1", "2"], records.Select(r => r.PrimaryKey));
    }

    [Fact]
    public async Task A_byte_order_mark_is_passed_over()
    {
        var (records, _) = await ReadNdjsonAsync("\ufeff" + Record(1));
        Assert.Equal("1", Assert.Single(records).PrimaryKey);
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("[1]")]
    [InlineData("7")]
    [InlineData("""{"action":"insert" """)]
    [InlineData("\ufeff{}")]
    public async Task A_bad_line_costs_only_itself(string line)
    {
        var (records, _) = await ReadNdjsonAsync($"{Record(1)}\n{line}\n{Record(3)}\n");
        Assert.Equal([Reason.None, Reason.MalformedRecord, Reason.None], records.Select(r => r.Fault));
        Assert.Equal([1, 2, 3], records.Select(r => r.Line));
    }

    [Theory]
    [InlineData(0, Reason.None)]
    [InlineData(1, Reason.MalformedRecord)]
    [InlineData(2, Reason.MalformedRecord)]
    [InlineData(100_000, Reason.MalformedRecord)]
    [InlineData(3_000_000, Reason.MalformedRecord)]
    public async Task A_line_may_have_64_KB_and_a_longer_one_costs_only_itself(int more, Reason fault)
    {
        foreach (var (feed, last) in new[] { ("\n", Record(3) + "\n"), ("\r\n", Record(3)), ("\n", "") })
        {
            var (records, _) = await ReadNdjsonAsync($"{Record(1)}{feed}{RecordOf(RecordReader.MaxBytes + more)}{(last.Length == 0 ? "" : feed)}{last}");
            Assert.Equal([(1, Reason.None), (2, fault), .. last.Length == 0 ? [] : new[] { (3, Reason.None) }], records.Select(r => (r.Line, r.Fault)));
            Assert.Equal(more == 0 ? null : RecordFaults.TooLarge, records[1].FaultDetail);
        }
    }

    [Fact]
    public async Task A_body_whose_every_line_is_bad_is_read_to_its_end()
    {
        var (records, _) = await ReadNdjsonAsync(string.Concat(Enumerable.Repeat("bad\n", 5000)));
        Assert.Equal(5000, records.Count);
        Assert.All(records, r => Assert.Equal(Reason.MalformedRecord, r.Fault));
    }

    [Fact]
    public async Task Many_records_come_in_order()
    {
        var (records, _) = await ReadNdjsonAsync(string.Join('\n', Enumerable.Range(1, 10_000).Select(Record)));
        Assert.Equal(Enumerable.Range(1, 10_000), records.Select(r => r.Line));
        Assert.Equal(Enumerable.Range(1, 10_000).Select(i => $"p{i}@example.com"), records.Select(r => r.Email));
    }

    [Fact]
    public async Task However_a_body_is_chopped_its_records_and_hash_are_the_same()
    {
        var line = Gen.Frequency(
            (6, Gen.Int[1, 99].Select(Record)),
            (1, Gen.Const("")),
            (1, Gen.Const("\r")),
            (1, Gen.Const("broken {")),
            (1, Gen.Int[RecordReader.MaxBytes - 2, RecordReader.MaxBytes + 3].Select(RecordOf)),
            (1, Gen.Const(RecordOf(300_000))));
        await Gen.Select(line.Array[0, 12], Gen.Bool, Gen.OneOf(Gen.Int[1, 9], Gen.Int[10, 5000], Gen.Int[60_000, 200_000]).Array[1, 5]).SampleAsync(async (lines, feed, sizes) =>
        {
            var bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines) + (feed ? "\n" : ""));
            var whole = await ReadNdjsonAsync(new MemoryStream(bytes));
            var chopped = await ReadNdjsonAsync(new PiecewiseStream(bytes, sizes));
            Assert.Equal(whole.Records, chopped.Records);
            Assert.Equal(whole.Body, chopped.Body);
            Assert.Equal(
                lines.Select((l, i) => (Text: l.Trim('\r'), Line: i + 1)).Where(l => l.Text.Length > 0).Select(l => l.Line), whole.Records.Select(r => r.Line));
        }, iter: 60);
    }

    [Fact]
    public async Task Any_bytes_are_read_to_their_end()
        => await Gen.Select(Gen.OneOf(Gen.Byte, Gen.Const((byte)'\n')).Array[0, 300], Gen.Int[1, 50]).SampleAsync(
            async (bytes, size) => await ReadNdjsonAsync(new PiecewiseStream(bytes, [size])), iter: 2000);

    [Fact]
    public async Task A_line_without_an_end_takes_no_memory()
    {
        using var endless = new ZeroStream(200_000_000);
        var (records, _) = await ReadNdjsonAsync(endless);
        Assert.InRange(endless.AllocatedMeanwhile, 0, 2_000_000);
        Assert.Equal(RecordFaults.TooLarge, Assert.Single(records).FaultDetail);
    }

    private sealed class ZeroStream(long length) : BodyStreamBase
    {
        private long _left = length;
        private (int Thread, long Bytes)? _first;

        /// <summary>Bytes that the reader allocated between the first read and the last. It never waits in between, so it is one thread.</summary>
        public long AllocatedMeanwhile { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _first ??= (Environment.CurrentManagedThreadId, GC.GetAllocatedBytesForCurrentThread());
            Assert.Equal(_first.Value.Thread, Environment.CurrentManagedThreadId);
            AllocatedMeanwhile = GC.GetAllocatedBytesForCurrentThread() - _first.Value.Bytes;
            var count = (int)Math.Min(buffer.Length, _left);
            buffer.Span[..count].Clear();
            _left -= count;
            return ValueTask.FromResult(count);
        }
    }
}
