using System.Net.Sockets;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// The pipe where .NET puts it on Unix; a second client is refused (ECONNREFUSED, the nearest to busy).
/// </summary>
internal sealed class UnixPipe : IGuestPipe
{
    private readonly string _path;
    private readonly Action<byte[]> _toGuest;
    private readonly Lock _gate = new();
    private Socket? _client;
    private Socket? _busy;
    private Socket? _listener;
    private bool _disposed;

    public UnixPipe(string name, Action<byte[]> toGuest, TimeSpan absent, TimeSpan busy)
    {
        _path = Path.Combine(Path.GetTempPath(), $"CoreFxPipe_{name}");
        _toGuest = toGuest;
        if (TryBeClient()) return;
        // Where nothing delays it, the pipe is there before the guest's first instruction.
        if (absent == TimeSpan.Zero && busy == TimeSpan.Zero) Listen();
        new Thread(() => Serve(absent, busy)) { IsBackground = true }.Start();
    }

    public void FromGuest(ReadOnlySpan<byte> bytes)
    {
        var client = _client;
        if (client is null) return;
        try
        {
            client.Send(bytes);
        }
        catch (SocketException)
        {
            // Full: lost. Gone: its reader sees that.
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _listener?.Dispose();
            _busy?.Dispose();
            Hang(_client);
            File.Delete(_path);
        }
    }

    private bool TryBeClient()
    {
        var socket = NewSocket();
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(_path));
        }
        catch (SocketException)
        {
            socket.Dispose();
            return false;
        }
        new Thread(() => Hold(socket)) { IsBackground = true }.Start();
        return true;
    }

    private void Serve(TimeSpan absent, TimeSpan busy)
    {
        Thread.Sleep(absent);
        if (busy > TimeSpan.Zero)
        {
            if (!Enter(() => _busy = Bound())) return;
            Thread.Sleep(busy);
        }
        while (_listener is not null || Enter(Listen))
        {
            Socket client;
            try
            {
                client = _listener!.Accept();
            }
            catch (SocketException)
            {
                return;
            }
            if (!Enter(BeBusy)) return;
            Hold(client);
        }
    }

    private void Listen()
    {
        _busy?.Dispose();
        _listener = Bound();
        _listener.Listen(1);
    }

    private void BeBusy()
    {
        _listener!.Dispose();
        _listener = null;
        _busy = Bound();
    }

    private bool Enter(Action change)
    {
        lock (_gate)
        {
            if (_disposed) return false;
            change();
            return true;
        }
    }

    /// <summary>A path that is there and takes nobody.</summary>
    private Socket Bound()
    {
        File.Delete(_path);
        var socket = NewSocket();
        socket.Bind(new UnixDomainSocketEndPoint(_path));
        return socket;
    }

    private void Hold(Socket client)
    {
        client.SendBufferSize = GuestPipe.SendBuffer;
        client.Blocking = true;
        client.SendTimeout = 1;
        _client = client;
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = client.Receive(buffer)) > 0;) _toGuest(buffer[..count]);
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException)
        {
            // The client went without a word.
        }
        _client = null;
        Hang(client);
    }

    private static void Hang(Socket? client) => client?.Dispose();

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
