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
            SecureBoot = generation == 2 ? Defaults.Named<OnOffState>("new-secure-boot") : OnOffState.Off,
            SecureBootTemplate = Defaults.Of("new-secure-boot-template"),
            StartAction = Defaults.Named<StartAction>("new-start-action"),
            StopAction = Defaults.Named<StopAction>("new-stop-action"),
            CheckpointType = Defaults.Named<CheckpointType>("new-checkpoint-type"),
            Adapters = [.. Enumerable.Range(0, Defaults.Count("new-network-cards")).Select(_ => Adapter(knobs))],
            Drives = [.. Enumerable.Range(0, Defaults.Count("new-optical-drives")).Select(at => new MachineDrive { IsDvd = true, Location = at })],
        };
    }

    /// <summary>What the firmware of a new machine tries, in this order: its cards, where they are in it at all, then its drives.</summary>
    public static List<string> BootOrder(Machine machine) =>
    [
        .. Defaults.Of("new-boot-order").Split(' ').Contains("Network") ? machine.Adapters.Select(adapter => adapter.Id) : [],
        .. machine.Drives.Select(drive => drive.Id),
    ];

    private static MachineAdapter Adapter(Knobs knobs) => new()
    {
        Name = knobs.Localized ? "Netzwerkkarte" : "Network Adapter",
        Mac = Defaults.Of("new-network-card-address"),
    };
}
