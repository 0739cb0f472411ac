using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>What New-VM makes that nobody asked for.</summary>
public static class NewMachine
{
    /// <summary>Source: microsoft/openvmm#1647.</summary>
    public const int LongestName = 100;

    public static Machine Make(Knobs knobs, string name, int generation)
    {
        if (name.Length > LongestName) throw new Refusal("name-too-long");
        return new Machine
        {
            Name = name,
            Generation = generation,
            // Clients since 1709 take one at each start (packer#5371, vagrant#8988).
            AutomaticCheckpoints = !knobs.Server && knobs.Build >= 16299,
            SecureBoot = generation == 2 ? OnOffState.On : OnOffState.Off,
            Adapters = [new MachineAdapter { Name = knobs.Localized ? "Netzwerkkarte" : "Network Adapter" }],
        };
    }
}
