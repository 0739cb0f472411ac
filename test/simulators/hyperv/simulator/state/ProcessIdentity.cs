using System.Diagnostics;
using System.Globalization;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>A process is a number and the moment of its start: numbers are used again.</summary>
public static class ProcessIdentity
{
    public static Runner Of(Process process) =>
        new(process.Id, process.StartTime.ToUniversalTime(), MomentOf(process.Id) ?? throw new InvalidOperationException("the process has ended"));

    public static bool IsAlive(Runner runner) => MomentOf(runner.Pid) == runner.Moment;

    /// <summary>By the system's own count, which is the same for all who ask; null where it has ended.</summary>
    private static long? MomentOf(int pid) => OperatingSystem.IsWindows() ? OnWindows(pid) : OnLinux(pid);

    private static long? OnWindows(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.StartTime.ToFileTimeUtc();
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>
    /// Field 22 of proc(5) stat, ticks after boot. .NET's StartTime is that and the time of the boot, which moves a second
    /// when the clock is set. A zombie, where nobody waits for it, is no process any more.
    /// </summary>
    private static long? OnLinux(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The second field, a name in parentheses, may hold spaces and parentheses.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
