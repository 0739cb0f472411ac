using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>What is refused in which power state. Source: hyperv.md section 4.</summary>
public static class PowerState
{
    /// <summary>Firmware, processor, COM ports, TPM and static memory change only while the machine is off.</summary>
    public static void RequireOff(Machine machine, string device)
    {
        if (!machine.IsOff) throw new Refusal("state-refuses", machine.Name, device, machine.Id);
    }

    public static void Require(Machine machine, params VMState[] states)
    {
        if (!states.Contains(machine.Power)) throw new Refusal("state-refuses-verb", machine.Name, machine.Id);
    }
}
