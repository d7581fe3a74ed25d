using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IterableAudience.Iterable;
using IterableAudience.Records;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IterableAudience.Tests.Iterable;

/// <summary>Reading a whole list as it comes: in pieces of any size, slowly, and not always to its end.</summary>
public sealed class ListReaderTests : IHttpClientFactory
{
    private static readonly IterableProject Project = new("project", DataCenter.US, ProjectType.Hybrid, "key", 1000, 4);
    private readonly FakeTimeProvider _time = new();
    private readonly Queue<Func<HttpResponseMessage>> _answers = new();
    private readonly List<DateTimeOffset> _asked = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task Lines_come_whole_however_they_are_cut(int piece)
    {
        var expected = Enumerable.Range(0, 500).Select(i => $"ä{i}@example.com").Append("u-1").ToList();
        _answers.Enqueue(() => List(string.Join("\n", expected) + "\r\n\n", piece));
        Assert.Equal(expected, await ReadAsync());
    }

    [Fact]
    public async Task An_empty_list_is_a_list()
    {
        _answers.Enqueue(() => List("", 10));
        Assert.Empty(await ReadAsync());
    }

    [Theory]
    [InlineData("ada@example.com\ngrace@exam", false)]
    [InlineData("ada@example.com\n", true)]
    public async Task What_breaks_off_is_no_list(string body, bool breaks)
    {
        _answers.Enqueue(() => List(body, 5, breaks));
        var failure = await Assert.ThrowsAsync<IterableFailureException>(ReadAsync);
        Assert.Contains("broke off", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_429_is_waited_for()
    {
        _answers.Enqueue(() => new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(40)) } });
        _answers.Enqueue(() => List("u-1\n", 10));
        var reading = ReadAsync();
        await AdvanceUntilAsync(reading);
        Assert.Equal(["u-1"], await reading);
        Assert.InRange(_asked[1] - _asked[0], TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(42));
    }

    [Fact]
    public async Task More_than_five_in_a_minute_wait()
    {
        var reader = Reader();
        for (var i = 0; i < 12; i++)
        {
            _answers.Enqueue(() => List("u-1\n", 10));
            await AdvanceUntilAsync(reader.ReadAsync(Project, 1, false, _ => { }, Cancel));
        }

        for (var i = 5; i < 12; i++)
            Assert.True(_asked[i] - _asked[i - 5] >= TimeSpan.FromMinutes(1), $"call {i}");
    }

    public HttpClient CreateClient(string name) => new(new Answers(this));

    private static HttpResponseMessage List(string body, int piece, bool breaks = false)
        => new(HttpStatusCode.OK) { Content = new StreamContent(new Pieces(Encoding.UTF8.GetBytes(body), piece, breaks)) };

    private ListReader Reader()
    {
        var options = Options.Create(new IterableOptions());
        return new(this, new ProjectPacers(options, _time, BudgetSource.Process(_time)), options, _time);
    }

    private async Task<List<string>> ReadAsync()
    {
        List<string> lines = [];
        await Reader().ReadAsync(Project, 1, preferUserId: true, lines.Add, Cancel);
        return lines;
    }

    private async Task AdvanceUntilAsync(Task reading)
    {
        while (!reading.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        await reading;
    }

    private sealed class Answers(ListReaderTests test) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            test._asked.Add(test._time.GetUtcNow());
            return Task.FromResult(test._answers.Dequeue()());
        }
    }

    /// <summary>Bytes that come a few at a time, and may break off.</summary>
    private sealed class Pieces(byte[] bytes, int piece, bool breaks) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => breaks && Position == Length
                ? throw new HttpIOException(HttpRequestError.ResponseEnded)
                : base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}
