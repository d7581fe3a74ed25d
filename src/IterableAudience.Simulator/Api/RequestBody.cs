using System.Buffers;

namespace IterableAudience.Simulator.Api;

/// <summary>A request's body in one piece of rented memory, so that rows are slices of it.</summary>
internal sealed class RequestBody : IDisposable
{
    private byte[] _rented;

    private RequestBody(byte[] rented) => _rented = rented;

    public int Length { get; private set; }

    public bool IsTooLarge { get; private set; }

    public ReadOnlyMemory<byte> Memory => _rented.AsMemory(0, Length);

    /// <summary>Reads to the end or to just beyond the limit; what is longer is refused, not kept.</summary>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
            return new RequestBody([]) { IsTooLarge = true };
        var body = new RequestBody(ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? 16 * 1024) + 1));
        int read;
        while ((read = await request.Body.ReadAsync(body._rented.AsMemory(body.Length), cancellationToken)) > 0)
        {
            body.Length += read;
            if (body.Length > limit)
            {
                body.IsTooLarge = true;
                break;
            }

            if (body.Length == body._rented.Length)
                body.Grow();
        }

        return body;
    }

    public void Dispose()
    {
        if (_rented.Length > 0)
            ArrayPool<byte>.Shared.Return(_rented);
        _rented = [];
        Length = 0;
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_rented.Length * 2);
        _rented.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_rented);
        _rented = larger;
    }
}
