using System.Net.Sockets;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// The pipe where .NET puts it on Unix; a second client is refused (ECONNREFUSED, the nearest to busy).
/// </summary>
internal sealed class UnixPipe : IGuestPipe
{
    private readonly string _path;
    private readonly Action<byte[]> _toGuest;
    /// <summary>For the last bytes to be taken once the machine is off.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    /// <summary>
    /// What the client has not been sent yet. A Unix socket alone would hold some hundred bytes: each write of a single
    /// one takes as much of its buffer as a large one.
    /// </summary>
    private readonly MemoryStream _unsent = new();
    private bool _isSending;
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
        lock (_unsent)
        {
            // Nobody there, or full: lost.
            if (_client is null || _unsent.Length + bytes.Length > GuestPipe.SendBuffer) return;
            _unsent.Write(bytes);
            Monitor.PulseAll(_unsent);
        }
    }

    private void SendTo(Socket client)
    {
        while (true)
        {
            byte[] next;
            lock (_unsent)
            {
                _isSending = false;
                Monitor.PulseAll(_unsent);
                while (_unsent.Length == 0 && _client == client) Monitor.Wait(_unsent);
                if (_client != client) return;
                next = _unsent.ToArray();
                _unsent.SetLength(0);
                _isSending = true;
            }
            try
            {
                client.Send(next);
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // Gone: its reader sees that.
            }
        }
    }

    private void Drain()
    {
        var until = DateTime.UtcNow + DrainLimit;
        lock (_unsent)
        {
            while (_client is not null && (_unsent.Length > 0 || _isSending) && DateTime.UtcNow < until)
                Monitor.Wait(_unsent, TimeSpan.FromMilliseconds(50));
        }
    }

    public void Dispose()
    {
        Drain();
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
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // The machine is off.
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
        SetClient(client);
        new Thread(() => SendTo(client)) { IsBackground = true }.Start();
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = client.Receive(buffer)) > 0;) _toGuest(buffer[..count]);
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException)
        {
            // The client went without a word.
        }
        SetClient(null);
        Hang(client);
    }

    private void SetClient(Socket? client)
    {
        lock (_unsent)
        {
            _unsent.SetLength(0);
            _client = client;
            Monitor.PulseAll(_unsent);
        }
    }

    private static void Hang(Socket? client) => client?.Dispose();

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
