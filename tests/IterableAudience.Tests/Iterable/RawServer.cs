using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IterableAudience.Tests.Iterable;

/// <summary>A server that writes any bytes as its answer and hangs up: what no HTTP framework lets one do.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly Task loop;
    private int requests;

    /// <param name="answers">One for each request, the last for all further ones; null keeps the client waiting.</param>
    public RawServer(params string?[] answers)
    {
        listener.Start();
        loop = ServeAsync(answers);
    }

    public string Url => $"http://{listener.LocalEndpoint}";

    public int Requests => Volatile.Read(ref requests);

    public static string Ok(string body, int missing = 0) => $"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {body.Length + missing}\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        listener.Stop();
        await loop;
        listener.Dispose();
        end.Dispose();
    }

    private async Task ServeAsync(string?[] answers)
    {
        List<TcpClient> open = [];
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(end.Token);
                open.Add(client);
                await ReadRequestAsync(client.GetStream());
                var answer = answers[Math.Min(Interlocked.Increment(ref requests) - 1, answers.Length - 1)];
                if (answer is not null)
                {
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), end.Token);
                    client.Dispose();
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
        {
            open.ForEach(c => c.Dispose());
        }
    }

    private async Task ReadRequestAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().EndsWith("]}", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer, end.Token);
            if (read == 0)
            {
                return;
            }

            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
    }
}
