using System.Net.Sockets;
using System.Text;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>
/// A push by hand, whose body begins and doesn't go on. Unlike a client's it knows when the service reads the body (it has asked for it),
/// and sees an answer that comes before the body's end.
/// </summary>
internal sealed class RawPush : IDisposable
{
    private readonly TcpClient _client;
    private readonly StreamReader _reader;

    private RawPush(TcpClient client)
    {
        _client = client;
        _reader = new StreamReader(client.GetStream(), Encoding.UTF8);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Sends the head, waits until the service asks for the body, and sends the first half of it.</summary>
    public static async Task<RawPush> BeginAsync(Uri service, string path, string idempotencyKey, Rows half)
    {
        var client = new TcpClient();
        await client.ConnectAsync(service.Host, service.Port, Cancelled);
        var push = new RawPush(client);
        var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.UTF8.GetBytes($"""
                POST {path} HTTP/1.1
                Host: {service.Authority}
                Authorization: Bearer {ProcessTest.AdminToken}
                Idempotency-Key: {idempotencyKey}
                Content-Type: application/x-ndjson
                Transfer-Encoding: chunked
                Expect: 100-continue


                """.ReplaceLineEndings("\r\n")),
            Cancelled);
        Assert.Equal("HTTP/1.1 100 Continue", await push._reader.ReadLineAsync(Cancelled));
        Assert.Equal("", await push._reader.ReadLineAsync(Cancelled));
        var body = half.Bytes;
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"{body.Length:x}\r\n"), Cancelled);
        await stream.WriteAsync(body, Cancelled);
        await stream.WriteAsync("\r\n"u8.ToArray(), Cancelled);
        return push;
    }

    /// <summary>All that the service has to say, until it closes the connection; it may do that the hard way, since it doesn't want the rest.</summary>
    public async Task<string> AnswerAsync()
    {
        var answer = new StringBuilder();
        try
        {
            while (await _reader.ReadLineAsync(Cancelled) is { } line)
                answer.Append(line).Append('\n');
        }
        catch (IOException)
        {
        }

        return answer.ToString();
    }

    public void Dispose()
    {
        _reader.Dispose();
        _client.Dispose();
    }
}
