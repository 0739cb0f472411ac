using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// A process in Wine starts no Linux program, so a helper outside does (test/support/wine-bridge.ts). Each request is a
/// connection of its own to 127.0.0.1: one JSON line with the helper's token, one JSON line back; a connection to a
/// Unix socket goes on with that socket's bytes. AZL_SIM_BRIDGE says where: <c>PORT TOKEN</c>.
/// </summary>
internal sealed class LinuxAroundWine : QemuHost
{
    public override Ended Run(string program, params string[] arguments)
    {
        using var started = new DistantProgram(program, Ask(Request("run", program, arguments)));
        return started.WaitForExit(Patience.Work);
    }

    /// <summary>The helper kills it where the connection ends.</summary>
    public override IRunningProgram Start(string program, IReadOnlyList<string> arguments) =>
        new DistantProgram(program, Ask(Request("start", program, arguments)));

    public override Stream Connect(string socket)
    {
        var stream = Ask(new JsonObject { ["verb"] = "connect", ["path"] = Named(Path.GetFullPath(socket)) });
        try
        {
            stream.ReadTimeout = (int)Patience.Answer.TotalMilliseconds;
            if (ReadLine(stream)["error"] is null)
            {
                stream.ReadTimeout = Timeout.Infinite;
                return stream;
            }
        }
        catch (IOException)
        {
            // Closed without a word is refused, too.
        }
        stream.Dispose();
        throw new SocketException((int)SocketError.ConnectionRefused);
    }

    public override void RemoveSockets(string folder)
    {
        using var stream = Ask(new JsonObject { ["verb"] = "remove-sockets", ["folder"] = Named(folder) });
        ReadLine(stream);
    }

    public override string Named(string path) =>
        WineFileNames.ToUnix(path) ?? throw new InvalidOperationException($"Wine knows no Unix name of {path}");

    public override string FromTheirs(string path) =>
        WineFileNames.ToDos(path) ?? throw new InvalidOperationException($"Wine knows no DOS name of {path}");

    private JsonObject Request(string verb, string program, IEnumerable<string> arguments) => new()
    {
        ["verb"] = verb,
        ["command"] = new JsonArray([program, .. arguments.Select(argument => (JsonNode)argument)]),
        ["folder"] = Named(Environment.CurrentDirectory),
    };

    private static NetworkStream Ask(JsonObject request)
    {
        var bridge = Environment.GetEnvironmentVariable("AZL_SIM_BRIDGE")?.Split(' ')
            ?? throw new InvalidOperationException("AZL_SIM_BRIDGE does not say where programs outside Wine are started");
        request["token"] = bridge[1];
        var client = new TcpClient { NoDelay = true };
        client.Connect(IPAddress.Loopback, int.Parse(bridge[0]));
        var stream = new NetworkStream(client.Client, true);
        stream.Write(Encoding.UTF8.GetBytes($"{request.ToJsonString()}\n"));
        return stream;
    }

    /// <summary>Byte by byte: what follows the line belongs to the socket.</summary>
    private static JsonNode ReadLine(Stream stream)
    {
        var line = new List<byte>();
        for (int next; (next = stream.ReadByte()) != '\n';)
        {
            if (next < 0) throw new IOException("the helper outside Wine closed the connection");
            line.Add((byte)next);
        }
        return JsonNode.Parse(Encoding.UTF8.GetString([.. line])) ?? throw new JsonException("the helper outside Wine answered null");
    }

    private static Ended EndedBy(Stream stream)
    {
        var answer = ReadLine(stream);
        if (answer["error"] is { } error) throw new InvalidOperationException($"{error}");
        return new Ended((int)answer["code"]!, $"{answer["output"]}", $"{answer["errors"]}");
    }

    private sealed class DistantProgram(string program, NetworkStream stream) : IRunningProgram
    {
        private readonly Task<Ended> _ended = Task.Run(() => EndedBy(stream));

        public bool HasExited => _ended.IsCompleted;

        public Ended WaitForExit(TimeSpan limit)
        {
            // Faulted is ended, too; what it says follows.
            if (Task.WaitAny([_ended], limit) < 0)
            {
                Kill();
                throw new TimeoutException($"waited {limit.TotalSeconds} s for the end of {program}");
            }
            try
            {
                return _ended.GetAwaiter().GetResult();
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                return new Ended(-1, "", "killed");
            }
        }

        public void Kill() => stream.Dispose();

        public void Dispose() => stream.Dispose();
    }
}

/// <summary>
/// Wine's own knowledge of its drives, which also finds a name whatever its case. Source: Wine's kernel32.spec,
/// wine_get_unix_file_name and wine_get_dos_file_name.
/// </summary>
internal static class WineFileNames
{
    public static string? ToUnix(string path) => Text(UnixName(path), Marshal.PtrToStringUTF8);

    public static string? ToDos(string path) => Text(DosName(path), Marshal.PtrToStringUni);

    private static string? Text(nint memory, Func<nint, string?> read)
    {
        if (memory == 0) return null;
        var text = read(memory);
        HeapFree(GetProcessHeap(), 0, memory);
        return text;
    }

    [DllImport("kernel32.dll", EntryPoint = "wine_get_unix_file_name", CallingConvention = CallingConvention.Cdecl)]
    private static extern nint UnixName([MarshalAs(UnmanagedType.LPWStr)] string path);

    [DllImport("kernel32.dll", EntryPoint = "wine_get_dos_file_name", CallingConvention = CallingConvention.Cdecl)]
    private static extern nint DosName([MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport("kernel32.dll")]
    private static extern nint GetProcessHeap();

    [DllImport("kernel32.dll")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool HeapFree(nint heap, uint flags, nint memory);
}
