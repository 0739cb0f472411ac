using System.Diagnostics;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>A process is a number and the time of its start: numbers are used again.</summary>
public static class ProcessIdentity
{
    public static Runner Of(Process process) => new(process.Id, process.StartTime.ToUniversalTime());

    public static bool IsAlive(Runner runner)
    {
        try
        {
            using var process = Process.GetProcessById(runner.Pid);
            return (process.StartTime.ToUniversalTime() - runner.Started).Duration() < TimeSpan.FromSeconds(1);
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
