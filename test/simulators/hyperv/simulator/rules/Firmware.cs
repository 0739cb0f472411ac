using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>Secure Boot, TPM and boot order.</summary>
public static class Firmware
{
    public static void RequireGeneration2(Machine machine)
    {
        if (machine.Generation != 2) throw new Refusal("generation-1-firmware");
    }

    /// <summary>The host knows its templates by name; none can be changed once a TPM is there.</summary>
    public static string Template(Machine machine, string name)
    {
        if (machine.Tpm) throw new Refusal("template-after-tpm", machine.Name, machine.Id);
        return SecureBootTemplates.All.Keys.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new Refusal("template-unknown", name);
    }

    /// <summary>Set-VMKeyProtector comes first. Source: Packer SetVirtualMachineTPM, AutomatedLab.</summary>
    public static void RequireKeyProtector(Machine machine)
    {
        if (!machine.HasKeyProtector) throw new Refusal("tpm-needs-protector", machine.Name, machine.Id);
    }

    /// <summary>What is not listed is removed from the order. Source: WPD Set-VMFirmware, example 3.</summary>
    public static List<string> Order(Machine machine, IEnumerable<string> ids) =>
        ids.Where(id => machine.Drives.Any(drive => drive.Id == id) || machine.Adapters.Any(adapter => adapter.Id == id)).ToList();
}
