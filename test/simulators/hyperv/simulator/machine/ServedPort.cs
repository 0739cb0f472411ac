using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>A COM port of a running machine: QEMU's socket, joined to the pipe that Hyper-V serves, both ways.</summary>
internal sealed class ServedPort : IDisposable
{
    private readonly string _name;
    private readonly string _state;
    private readonly Stream _port;
    private readonly Thread _reader;
    private volatile IGuestPipe _pipe;

    /// <summary>Null where the machine's port has no local pipe.</summary>
    public static ServedPort? Start(Machine machine, int number, string state) =>
        GuestPipe.LocalName(machine.ComPorts[number - 1]) is { } name
            ? new ServedPort(name, state, QemuHost.Current.Connect(QemuCommands.ComSocket(number)))
            : null;

    private ServedPort(string name, string state, Stream port)
    {
        (_name, _state, _port) = (name, state, port);
        var knobs = HostState.ReadKnobs(state);
        _pipe = Serve(TimeSpan.FromMilliseconds(knobs.PipeAbsentMs), TimeSpan.FromMilliseconds(knobs.PipeBusyMs));
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>Where the knob says so, the client is hung up on and meets a busy pipe, as Petri expects it at a reset (hyperv.md).</summary>
    public void BeReset()
    {
        var busy = HostState.ReadKnobs(_state).PipeBusyMs;
        if (busy == 0) return;
        _pipe.Dispose();
        _pipe = Serve(TimeSpan.Zero, TimeSpan.FromMilliseconds(busy));
    }

    /// <summary>Once QEMU has left: what the guest wrote last is still on its way then.</summary>
    public void Dispose()
    {
        _reader.Join();
        _pipe.Dispose();
    }

    private IGuestPipe Serve(TimeSpan absent, TimeSpan busy) => GuestPipe.Serve(_name, bytes => _port.Write(bytes), absent, busy);

    private void Read()
    {
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = _port.Read(buffer)) > 0;) _pipe.FromGuest(buffer.AsSpan(0, count));
        }
        catch (IOException)
        {
            // QEMU left.
        }
    }
}
