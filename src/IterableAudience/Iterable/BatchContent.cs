using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>The JSON body of a subscribe or unsubscribe: written once into a pooled buffer, sent as often as needed.</summary>
internal sealed class BatchContent : HttpContent
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        // API bodies aren't HTML: "+" and non-ASCII letters stand as they are
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private static readonly JsonEncodedText ListId = JsonEncodedText.Encode("listId");
    private static readonly JsonEncodedText Subscribers = JsonEncodedText.Encode("subscribers");
    private static readonly JsonEncodedText Email = JsonEncodedText.Encode("email");
    private static readonly JsonEncodedText UserId = JsonEncodedText.Encode("userId");
    private static readonly JsonEncodedText UpdateExistingUsersOnly = JsonEncodedText.Encode("updateExistingUsersOnly");
    private static readonly JsonEncodedText ChannelUnsubscribe = JsonEncodedText.Encode("channelUnsubscribe");

    private readonly PooledBuffer buffer = new(64 * 1024);
    private readonly Lock gate = new();
    private int copies;
    private bool disposed;

    /// <summary>A subscribe. <paramref name="updateExistingUsersOnly"/> is written only when set: other projects don't know it.</summary>
    public static BatchContent Subscribe(long listId, IReadOnlyList<Identity> subscribers, bool updateExistingUsersOnly)
        => new(listId, subscribers, updateExistingUsersOnly ? UpdateExistingUsersOnly : null, true);

    /// <summary>
    /// An unsubscribe. NOTE <c>channelUnsubscribe</c> is always there and always false: true takes people off the whole message channel, and who
    /// says what the default is disagrees with whom.
    /// </summary>
    public static BatchContent Unsubscribe(long listId, IReadOnlyList<Identity> subscribers)
        => new(listId, subscribers, ChannelUnsubscribe, false);

    /// <summary>Subscribers in it.</summary>
    public int Rows { get; }

    private BatchContent(long listId, IReadOnlyList<Identity> subscribers, JsonEncodedText? flag, bool value)
    {
        Rows = subscribers.Count;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var json = new Utf8JsonWriter(buffer, WriterOptions);
        json.WriteStartObject();
        json.WriteNumber(ListId, listId);
        json.WriteStartArray(Subscribers);
        for (var i = 0; i < subscribers.Count; i++)
        {
            json.WriteStartObject();
            if (subscribers is EncodedIdentities encoded)
            {
                Write(json, encoded.EmailOf(i), encoded.UserIdOf(i));
            }
            else
            {
                Write(json, subscribers[i]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (flag is not null)
        {
            json.WriteBoolean(flag.Value, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Identity subscriber)
    {
        if (subscriber.Email is not null)
        {
            json.WriteString(Email, subscriber.Email);
        }

        if (subscriber.UserId is not null)
        {
            json.WriteString(UserId, subscriber.UserId);
        }
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> email, ReadOnlySpan<byte> userId)
    {
        if (!email.IsEmpty)
        {
            json.WriteString(Email, email);
        }

        if (!userId.IsEmpty)
        {
            json.WriteString(UserId, userId);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = buffer.Written.Length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            copies++;
        }

        try
        {
            await stream.WriteAsync(buffer.Written, cancellationToken);
        }
        finally
        {
            lock (gate)
            {
                copies--;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (gate)
        {
            // An early answer (413, say) can come while the body is still being written. Then the buffer is left to the garbage collector:
            // given back to the pool, it would carry the next batch's people into this request.
            if (disposing && !disposed && copies == 0)
            {
                buffer.Return();
            }

            disposed = true;
        }

        base.Dispose(disposing);
    }

    private sealed class PooledBuffer(int capacity) : IBufferWriter<byte>
    {
        private byte[] bytes = ArrayPool<byte>.Shared.Rent(capacity);
        private int count;

        public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, count);

        public void Advance(int written) => count += written;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Grow(sizeHint);
            return bytes.AsMemory(count);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Grow(sizeHint);
            return bytes.AsSpan(count);
        }

        public void Return()
        {
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
            (bytes, count) = ([], 0);
        }

        private void Grow(int sizeHint)
        {
            if (bytes.Length - count >= Math.Max(sizeHint, 1))
            {
                return;
            }

            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(bytes.Length * 2, count + sizeHint));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
            bytes = larger;
        }
    }
}
