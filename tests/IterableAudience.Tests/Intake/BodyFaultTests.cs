using System.IO.Compression;
using System.Text;
using CsCheck;
using IterableAudience.Records;
using IterableAudience.Syncs.Intake;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static IterableAudience.Tests.Intake.Bodies;

namespace IterableAudience.Tests.Intake;

public class BodyFaultTests
{
    private static readonly byte[] Lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 500).Select(i => Record(i) + "\n")));

    public static TheoryData<CompressionLevel> Levels => [CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.SmallestSize];

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("identity")]
    public async Task A_body_without_an_encoding_is_read_as_it_is(string? encoding)
    {
        var (records, _) = await ReadNdjsonAsync(BodyStream.Open(new MemoryStream(Lines), encoding));
        Assert.Equal(500, records.Count);
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task A_gzip_body_has_the_records_and_the_hash_of_the_plain_one(CompressionLevel level)
    {
        var plain = await ReadNdjsonAsync(new MemoryStream(Lines));
        var gzip = await ReadNdjsonAsync(BodyStream.Open(new MemoryStream(Gzip(Lines, level)), "GZip"));
        Assert.Equal(plain.Records, gzip.Records);
        Assert.Equal(plain.Body, gzip.Body);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("gzip, gzip")]
    [InlineData("zstd")]
    public void Another_encoding_is_refused(string encoding)
        => Assert.Equal(BodyFault.UnsupportedEncoding, Assert.Throws<BodyException>(() => BodyStream.Open(Stream.Null, encoding)).Fault);

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task A_gzip_body_that_breaks_off_anywhere_is_cut_off(CompressionLevel level)
    {
        var gzip = Gzip(Lines[..(Record(1).Length + 1)], level);
        for (var length = 0; length < gzip.Length; length++)
        {
            var fault = await Assert.ThrowsAsync<BodyException>(() => ReadNdjsonAsync(BodyStream.Open(new MemoryStream(gzip, 0, length), "gzip")));
            Assert.Equal(BodyFault.CutOff, fault.Fault);
        }
    }

    [Fact]
    public async Task Gzip_data_may_have_several_members()
    {
        byte[] gzip = [.. Gzip(Lines), .. Gzip(Encoding.UTF8.GetBytes(Record(501)))];
        await Gen.Int[1, 200].Array[1, 3].SampleAsync(async sizes =>
        {
            var (records, _) = await ReadNdjsonAsync(BodyStream.Open(new PiecewiseStream(gzip, sizes), "gzip"));
            Assert.Equal(501, records.Count);
        }, iter: 100);
    }

    [Fact]
    public async Task Other_bytes_than_gzip_are_cut_off_or_damaged()
    {
        foreach (var bytes in new[] { Lines, "x"u8.ToArray(), [.. Gzip(Lines), .. "rest"u8], [.. Gzip(Lines)[..100], .. new byte[200]] })
        {
            var fault = await Assert.ThrowsAsync<BodyException>(() => ReadNdjsonAsync(BodyStream.Open(new MemoryStream(bytes), "gzip")));
            Assert.Equal(BodyFault.CutOff, fault.Fault);
        }
    }

    [Fact]
    public async Task A_sender_that_is_gone_cuts_the_body_off()
    {
        foreach (var failure in new Exception[] { new IOException("reset"), new BadHttpRequestException("Unexpected end of request content."), new OperationCanceledException("aborted") })
        {
            var ndjson = await Assert.ThrowsAsync<BodyException>(() => ReadNdjsonAsync(new PiecewiseStream(Lines, [1000], failure)));
            var json = await Assert.ThrowsAsync<BodyException>(() => ReadJsonAsync(new PiecewiseStream("{\"records\":["u8.ToArray(), [1000], failure)));
            Assert.Equal((BodyFault.CutOff, BodyFault.CutOff), (ndjson.Fault, json.Fault));
        }
    }

    [Fact]
    public async Task A_body_above_the_limit_of_the_server_is_too_large()
    {
        var failure = new BadHttpRequestException("Request body too large.", StatusCodes.Status413PayloadTooLarge);
        var fault = await Assert.ThrowsAsync<BodyException>(() => ReadNdjsonAsync(new PiecewiseStream(Lines, [1000], failure)));
        Assert.Equal(BodyFault.TooLarge, fault.Fault);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_is_silent_for_60_seconds_is_given_up(bool gzip)
    {
        var time = new FakeTimeProvider();
        var stream = new PiecewiseStream(gzip ? Gzip(Lines)[..^30] : Lines, [1000], silent: true);
        var reading = RecordBody.ReadNdjsonAsync(BodyStream.Open(stream, gzip ? "gzip" : null), Mapping, Into([]), new IntakeOptions(), time, TestContext.Current.CancellationToken);

        await stream.Waiting.Task;
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(reading.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(BodyFault.Silent, (await Assert.ThrowsAsync<BodyException>(() => reading)).Fault);
    }

    [Fact]
    public async Task A_slow_sink_is_not_a_silent_sender()
    {
        var time = new FakeTimeProvider();
        var whole = await RecordBody.ReadNdjsonAsync(new PiecewiseStream(Lines, [1000]), Mapping, (_, _) =>
        {
            time.Advance(TimeSpan.FromHours(1));
            return ValueTask.CompletedTask;
        }, new IntakeOptions(), time, TestContext.Current.CancellationToken);
        Assert.Equal(500, whole.Records);
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelling_stops_a_reader_that_waits()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var stream = new PiecewiseStream(Lines, [1000], silent: true);
        var reading = RecordBody.ReadNdjsonAsync(stream, Mapping, Into([]), new IntakeOptions(), TimeProvider.System, cancel.Token);
        await stream.Waiting.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task A_sink_that_fails_is_not_the_bodys_fault()
        => await Assert.ThrowsAsync<IOException>(() => RecordBody.ReadNdjsonAsync(
            new MemoryStream(Lines), Mapping, (_, _) => throw new IOException("disk full"), new IntakeOptions(), TimeProvider.System, TestContext.Current.CancellationToken));

    [Fact]
    public async Task The_sink_gets_the_records_in_portions_and_the_reader_waits_for_it()
    {
        var inside = 0;
        var portions = new List<int>();
        var body = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 5000).Select(i => Record(i) + "\n"))));
        await RecordBody.ReadNdjsonAsync(body, Mapping, async (records, _) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            await Task.Yield();
            portions.Add(records.Length);
            Interlocked.Decrement(ref inside);
        }, new IntakeOptions(), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(5000, portions.Sum());
        Assert.All(portions, p => Assert.InRange(p, 1, 4096));
    }

    [Fact]
    public async Task Another_body_has_another_hash()
    {
        var one = await ReadNdjsonAsync(Record(1));
        var again = await ReadNdjsonAsync(Record(1));
        var feed = await ReadNdjsonAsync(Record(1) + "\n");
        Assert.Equal(one.Body.Hash, again.Body.Hash);
        Assert.NotEqual(one.Body.Hash, feed.Body.Hash);
        Assert.Equal(32, one.Body.Hash.Length);
    }
}
