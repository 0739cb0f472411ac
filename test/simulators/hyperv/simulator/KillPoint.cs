using System.Diagnostics;
using System.Management.Automation;

namespace AzlVm.HyperV.Simulator;

/// <summary>Where a test has PowerShell killed in the middle, as by kill -9: knob killAt.</summary>
internal static class KillPoint
{
    /// <summary>`moment`: before, inside or after what a cmdlet does. Set-VM counts where it sets Notes.</summary>
    public static void Pass(Call call, string moment)
    {
        if (call.State.Knobs.KillAt != $"{call.Name} {moment}") return;
        if (call.Name == "Set-VM" && !call.Has("Notes")) return;
        Die();
    }

    /// <summary>
    /// `moment`: before or after the first cmdlet that changes something in a script of that name, whatever cmdlet it is:
    /// `set-vm.ps1 after`. Once for each, so that what is done again goes on.
    /// </summary>
    public static void PassScript(Call call, PSCmdlet cmdlet, string moment)
    {
        var point = call.State.Knobs.KillAt;
        if (point != $"{Path.GetFileName(cmdlet.MyInvocation.ScriptName)} {moment}") return;
        if (call.Name.StartsWith("Get-", StringComparison.Ordinal)) return;
        var noted = Path.Combine(call.State.Folder, "killed");
        if (File.Exists(noted) && File.ReadAllText(noted) == point) return;
        File.WriteAllText(noted, point);
        Die();
    }

    private static void Die()
    {
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
