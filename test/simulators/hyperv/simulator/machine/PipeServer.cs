using System.Net.Sockets;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// A COM port's named pipe as Hyper-V serves it: one client at a time; nobody there, and the bytes are lost. Where a
/// server of that name is there at start, Hyper-V is its client, and once that ends neither comes back nor serves
/// (microsoft/openvmm#392). The pipe is where .NET puts it on Unix; a second client is refused (ECONNREFUSED, the
/// nearest to busy).
/// </summary>
public sealed class PipeServer : IDisposable
{
    /// <summary>What a slow client may be behind before bytes are lost (assumed).</summary>
    private const int SendBuffer = 256 * 1024;
    private readonly string _path;
    private readonly Action<byte[]> _toGuest;
    private readonly Lock _gate = new();
    private Socket? _client;
    private Socket? _busy;
    private Socket? _listener;
    private bool _disposed;

    /// <summary>Null where the path names no local pipe.</summary>
    public static string? UnixPath(string pipe)
    {
        const string prefix = @"\\.\pipe\";
        return pipe.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            ? Path.Combine(Path.GetTempPath(), $"CoreFxPipe_{pipe[prefix.Length..]}")
            : null;
    }

    public PipeServer(string path, Action<byte[]> toGuest, TimeSpan absent, TimeSpan busy)
    {
        _path = path;
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
        client.SendBufferSize = SendBuffer;
        client.Blocking = true;
        client.SendTimeout = 1;
        _client = client;
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = client.Receive(buffer)) > 0;) _toGuest(buffer[..count]);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The client went without a word.
        }
        _client = null;
        Hang(client);
    }

    private static void Hang(Socket? client) => client?.Dispose();

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
