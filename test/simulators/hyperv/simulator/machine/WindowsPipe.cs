using System.IO.Pipes;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>The pipe where there are real ones: a second client meets ERROR_PIPE_BUSY.</summary>
internal sealed class WindowsPipe : IGuestPipe
{
    /// <summary>What a client that does not read may hold the guest up before its bytes are lost (assumed).</summary>
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(1);
    /// <summary>For a client to read what was written last.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);
    private readonly string _name;
    private readonly Action<byte[]> _toGuest;
    private readonly Lock _gate = new();
    private PipeStream? _pipe;
    private bool _disposed;

    public WindowsPipe(string name, Action<byte[]> toGuest, TimeSpan absent, TimeSpan busy)
    {
        _name = name;
        _toGuest = toGuest;
        if (TryBeClient()) return;
        // Where nothing delays it, the pipe is there before the guest's first instruction.
        if (absent == TimeSpan.Zero && busy == TimeSpan.Zero) _pipe = NewServer();
        new Thread(() => Serve(absent, busy)) { IsBackground = true }.Start();
    }

    public void FromGuest(ReadOnlySpan<byte> bytes)
    {
        var pipe = _pipe;
        if (pipe is not { IsConnected: true }) return;
        using var limit = new CancellationTokenSource(SendLimit);
        try
        {
            pipe.WriteAsync(bytes.ToArray(), limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception fault) when (IsGone(fault) || fault is OperationCanceledException)
        {
            // Full: lost. Gone: its reader sees that.
        }
    }

    public void Dispose()
    {
        lock (_gate) _disposed = true;
        var pipe = _pipe;
        // A server that goes takes with it what its client has not read yet.
        if (OperatingSystem.IsWindows() && pipe is { IsConnected: true }) Task.Run(pipe.WaitForPipeDrain).ContinueWith(_ => { }).Wait(DrainLimit);
        pipe?.Dispose();
    }

    private bool TryBeClient()
    {
        var client = new NamedPipeClientStream(".", _name, PipeDirection.InOut, PipeOptions.Asynchronous);
        try
        {
            client.Connect(0);
        }
        catch (Exception fault) when (fault is TimeoutException or IOException)
        {
            client.Dispose();
            return false;
        }
        _pipe = client;
        new Thread(() => Hold(client)) { IsBackground = true }.Start();
        return true;
    }

    private void Serve(TimeSpan absent, TimeSpan busy)
    {
        Thread.Sleep(absent);
        try
        {
            if (busy > TimeSpan.Zero) BeBusy(busy);
            var server = _pipe as NamedPipeServerStream ?? NewServer();
            lock (_gate)
            {
                if (_disposed) server.Dispose();
                _pipe = server;
            }
            while (true)
            {
                server.WaitForConnection();
                Hold(server);
                server.Disconnect();
            }
        }
        catch (Exception fault) when (IsGone(fault))
        {
            // Disposed.
        }
    }

    private void BeBusy(TimeSpan time)
    {
        using var server = NewServer();
        using var client = new NamedPipeClientStream(".", _name, PipeDirection.InOut);
        client.Connect(1000);
        Thread.Sleep(time);
    }

    private NamedPipeServerStream NewServer() =>
        new(_name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous, 0, GuestPipe.SendBuffer);

    private void Hold(PipeStream client)
    {
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = client.Read(buffer)) > 0;) _toGuest(buffer[..count]);
        }
        catch (Exception fault) when (IsGone(fault))
        {
            // The client went without a word.
        }
    }

    private static bool IsGone(Exception fault) => fault is IOException or ObjectDisposedException or InvalidOperationException;
}
