using System.Text;
using IterableAudience.Iterable;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class BatchContentTests
{
    [Fact]
    public async Task A_body_can_be_sent_as_often_as_needed()
    {
        using var content = BatchContent.Subscribe(1, FakeIterable.People(5000), updateExistingUsersOnly: false);
        using var first = new MemoryStream();
        using var second = new MemoryStream();
        await content.CopyToAsync(first, TestContext.Current.CancellationToken);
        await content.CopyToAsync(second, TestContext.Current.CancellationToken);
        Assert.Equal(content.Headers.ContentLength, first.Length);
        Assert.True(first.ToArray().AsSpan().SequenceEqual(second.ToArray()));
        Assert.EndsWith("""{"email":"p5000@example.com","userId":"user-5000"}]}""", Encoding.UTF8.GetString(first.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_dropped_while_it_is_being_written_does_not_carry_the_next_one()
    {
        await using var slow = new SlowStream();
        var content = BatchContent.Subscribe(1, [new Identity("old@example.com", null)], updateExistingUsersOnly: false);
        var writing = content.CopyToAsync(slow, TestContext.Current.CancellationToken);
        content.Dispose();
        using var next = BatchContent.Subscribe(1, [new Identity("new@example.com", null)], updateExistingUsersOnly: false);
        Assert.Contains("old@example.com", slow.Seen(), StringComparison.Ordinal);
        slow.Release();
        await writing;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => content.CopyToAsync(new MemoryStream(), TestContext.Current.CancellationToken));
    }

    /// <summary>Holds on to the caller's memory until it is released, as a socket with a full buffer does.</summary>
    private sealed class SlowStream : MemoryStream
    {
        private readonly TaskCompletionSource released = new();
        private ReadOnlyMemory<byte> held;

        public string Seen() => Encoding.UTF8.GetString(held.Span);

        public void Release() => released.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            held = buffer;
            await released.Task;
        }
    }
}
