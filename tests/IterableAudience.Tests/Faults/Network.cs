using System.Net;
using System.Net.Sockets;

namespace IterableAudience.Tests.Faults;

/// <summary>The network between the service and a server on this machine, which can be cut and mended.</summary>
internal sealed class Network : IAsyncDisposable
{
    private readonly int _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private bool _isCut;
    private TaskCompletionSource _flow = Flowing();

    /// <param name="server">The port of the server.</param>
    public Network(int server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The port at which the server is reached through this network.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Breaks all connections, and those that are made from now on.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _isCut = true;
            _sockets.ForEach(s => s.Close(0));
            _sockets.Clear();
        }
    }

    /// <summary>Nothing gets through any more, and nobody is told.</summary>
    public void Swallow()
    {
        lock (_gate)
            _flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Lets connections through again; what was swallowed arrives late.</summary>
    public void Mend()
    {
        lock (_gate)
        {
            _isCut = false;
            _flow.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        Mend();
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private static TaskCompletionSource Flowing()
    {
        var flow = new TaskCompletionSource();
        flow.SetResult();
        return flow;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ConnectAsync(await _listener.AcceptSocketAsync(_end.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the end
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        lock (_gate)
        {
            if (_isCut)
            {
                client.Close(0);
                server.Dispose();
                return;
            }

            _sockets.AddRange([client, server]);
        }

        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _server, _end.Token);
            await Task.WhenAny(CopyAsync(client, server), CopyAsync(server, client));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // one side is gone: the other is told below
        }

        client.Close(0);
        server.Close(0);
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(buffer, _end.Token) is > 0 and var read)
            {
                Task flow;
                lock (_gate)
                    flow = _flow.Task;
                await flow;
                for (var sent = 0; sent < read;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _end.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // cut
        }
    }
}
