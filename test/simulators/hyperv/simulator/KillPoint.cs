using System.Diagnostics;

namespace AzlVm.HyperV.Simulator;

/// <summary>Where a test has PowerShell killed in the middle of a cmdlet, as by kill -9: knob killAt.</summary>
internal static class KillPoint
{
    /// <summary>`moment`: before, inside or after what the cmdlet does. Set-VM counts where it sets Notes.</summary>
    public static void Pass(Call call, string moment)
    {
        if (call.State.Knobs.KillAt != $"{call.Name} {moment}") return;
        if (call.Name == "Set-VM" && !call.Has("Notes")) return;
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
