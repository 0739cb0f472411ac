using System.Diagnostics;
using System.Text.Json;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator;

/// <summary>Knob traceCalls: what was asked of this Windows, one JSON line each in calls.jsonl of the state folder.</summary>
public static class CallTrace
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>A process of PowerShell's, with the script that it runs: when it began, and when it came to the script.</summary>
    public static void NoteProcess(string folder, Knobs knobs, string script)
    {
        if (!knobs.TraceCalls) return;
        using var process = Process.GetCurrentProcess();
        Write(folder, new { Environment.ProcessId, Script = script, BeganMs = Ms(process.StartTime.ToUniversalTime()), EndedMs = NowMs() });
    }

    /// <summary>Runs a cmdlet and notes when it began and ended, in milliseconds since 1970.</summary>
    public static T Around<T>(string cmdlet, Func<T> run)
    {
        var began = NowMs();
        try
        {
            return run();
        }
        finally
        {
            var folder = HostState.FolderFromEnvironment();
            if (HostState.ReadKnobs(folder).TraceCalls)
                Write(folder, new { Environment.ProcessId, Cmdlet = cmdlet, BeganMs = began, EndedMs = NowMs() });
        }
    }

    public static void Around(string cmdlet, Action run) => Around(cmdlet, () => { run(); return true; });

    private static double NowMs() => Ms(DateTime.UtcNow);

    private static double Ms(DateTime moment) => (moment - DateTime.UnixEpoch).TotalMilliseconds;

    private static void Write(string folder, object line)
    {
        // Several processes write here, each a line at once.
        using var file = new FileStream(Path.Combine(folder, "calls.jsonl"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        file.Write(JsonSerializer.SerializeToUtf8Bytes(line, Json).Append((byte)'\n').ToArray());
    }
}
