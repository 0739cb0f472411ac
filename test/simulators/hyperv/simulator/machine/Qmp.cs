using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>QEMU's monitor: one command, its answer; events are handed to whoever listens.</summary>
public sealed class Qmp : IDisposable
{
    private readonly Stream _socket;
    private readonly StreamReader _reader;
    private readonly Action<string> _onEvent;

    public Qmp(string path, Action<string>? onEvent = null)
    {
        _onEvent = onEvent ?? (_ => { });
        _socket = QemuHost.Current.Connect(path);
        _reader = new StreamReader(_socket, Encoding.UTF8);
        _reader.ReadLine();
        Execute("qmp_capabilities");
    }

    /// <summary>Waits for the monitor of a program that was just started. Throws, with the program's own words, where it ends instead.</summary>
    public static Qmp ConnectTo(IRunningProgram program, string path)
    {
        while (true)
        {
            try
            {
                return new Qmp(path);
            }
            catch (SocketException)
            {
                if (program.HasExited) throw new InvalidOperationException($"QEMU: {program.WaitForExit().Errors.Trim()}");
                Thread.Sleep(10);
            }
        }
    }

    /// <summary>Throws where QEMU refuses; null where it left instead of answering.</summary>
    public JsonNode? Execute(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null) request["arguments"] = arguments;
        _socket.Write(Encoding.UTF8.GetBytes($"{request.ToJsonString()}\n"));
        while (ReadMessage() is { } message)
        {
            if (message["return"] is { } result) return result;
            if (message["error"] is { } error) throw new InvalidOperationException($"{error["desc"]}");
        }
        return null;
    }

    /// <summary>Reads events until QEMU is gone.</summary>
    public void Listen()
    {
        while (ReadMessage() is not null) { }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private JsonNode? ReadMessage()
    {
        try
        {
            var line = _reader.ReadLine();
            if (line is null) return null;
            var message = JsonNode.Parse(line);
            if (message?["event"] is { } name) _onEvent($"{name}");
            return message;
        }
        catch (Exception fault) when (fault is IOException or JsonException)
        {
            return null;
        }
    }
}
