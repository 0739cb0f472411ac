using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>QEMU's monitor: one command, its answer, in time; or its events, for whoever listens.</summary>
public sealed class Qmp : IDisposable
{
    private readonly string _path;
    private readonly Stream _socket;
    private readonly StreamReader _reader;

    public Qmp(string path)
    {
        _path = path;
        _socket = QemuHost.Current.Connect(path);
        _reader = new StreamReader(_socket, Encoding.UTF8);
        try
        {
            ReadMessage("its greeting", Patience.Answer);
            Execute("qmp_capabilities");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Waits for the monitor of a program that was just started. Throws, with the program's own words, where it ends instead.</summary>
    public static Qmp ConnectTo(IRunningProgram program, string path)
    {
        Qmp? connected = null;
        Patience.Until(Patience.Answer, () => (connected = TryConnect(path)) is not null || program.HasExited, () => $"the monitor {path}");
        return connected ?? throw new InvalidOperationException($"QEMU: {program.WaitForExit(Patience.Answer).Errors.Trim()}");
    }

    private static Qmp? TryConnect(string path)
    {
        try
        {
            return new Qmp(path);
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            // Not there yet, or gone again.
            return null;
        }
    }

    /// <summary>Throws where QEMU refuses; null where it left instead of answering.</summary>
    public JsonNode? Execute(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null) request["arguments"] = arguments;
        _socket.Write(Encoding.UTF8.GetBytes($"{request.ToJsonString()}\n"));
        var clock = Stopwatch.StartNew();
        while (ReadMessage($"an answer to {command}", Patience.Answer - clock.Elapsed) is { } message)
        {
            if (message["return"] is { } result) return result;
            if (message["error"] is { } error) throw new InvalidOperationException($"{error["desc"]}");
        }
        return null;
    }

    /// <summary>Reads events until QEMU is gone; <paramref name="onEvent"/> gets the name of each.</summary>
    public void Listen(Action<string> onEvent)
    {
        while (ReadMessage("an event", Timeout.InfiniteTimeSpan) is { } message)
            if (message["event"] is { } name) onEvent($"{name}");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private JsonNode? ReadMessage(string what, TimeSpan limit)
    {
        try
        {
            _socket.ReadTimeout = limit == Timeout.InfiniteTimeSpan ? Timeout.Infinite : Math.Max(1, (int)limit.TotalMilliseconds);
            var line = _reader.ReadLine();
            if (line is null) return null;
            return JsonNode.Parse(line);
        }
        catch (IOException fault) when (fault.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut })
        {
            throw new TimeoutException($"waited {Patience.Answer.TotalSeconds} s for {what} from the monitor {_path}");
        }
        catch (Exception fault) when (fault is IOException or JsonException)
        {
            return null;
        }
    }
}
