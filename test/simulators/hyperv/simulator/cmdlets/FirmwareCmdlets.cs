using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class FirmwareCmdlets
{
    [Plays("Get-VMFirmware")]
    public static void Get(Call call)
    {
        foreach (var machine in call.Machines())
        {
            Firmware.RequireGeneration2(machine);
            call.Write(Views.Firmware(machine, call.State));
        }
    }

    [Plays("Set-VMFirmware")]
    public static void Set(Call call)
    {
        var machines = call.Has("VMFirmware")
            ? call.Get<VMFirmware[]>("VMFirmware", []).Select(firmware => call.ById(firmware.VMId)).ToList()
            : call.Machines();
        foreach (var machine in machines)
        {
            Firmware.RequireGeneration2(machine);
            if (!call.ShouldProcess(machine.Name)) continue;
            Change(call, machine);
            call.State.Save(machine);
            if (call.Switch("Passthru")) call.Write(Views.Firmware(machine, call.State));
        }
    }

    [Plays("Get-VMSecurity")]
    public static void GetSecurity(Call call)
    {
        foreach (var machine in call.Machines()) call.Write(new VMSecurity { TpmEnabled = machine.Tpm, ComputerName = Environment.MachineName });
    }

    [Plays("Set-VMSecurity")]
    public static void SetSecurity(Call call)
    {
        foreach (var machine in call.Machines())
            if (call.ShouldProcess(machine.Name)) PowerState.RequireOff(machine, "Security");
    }

    [Plays("Set-VMKeyProtector")]
    public static void SetKeyProtector(Call call)
    {
        if (!call.Switch("NewLocalKeyProtector")) throw new Refusal("not-played", "Set-VMKeyProtector without -NewLocalKeyProtector");
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.RequireOff(machine, "Key protector");
            machine.HasKeyProtector = true;
            call.State.Save(machine);
        }
    }

    [Plays("Enable-VMTPM")]
    public static void EnableTpm(Call call) => SetTpm(call, true);

    [Plays("Disable-VMTPM")]
    public static void DisableTpm(Call call) => SetTpm(call, false);

    private static void SetTpm(Call call, bool enabled)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.RequireOff(machine, "TPM");
            if (enabled) Firmware.RequireKeyProtector(machine);
            machine.Tpm = enabled;
            call.State.Save(machine);
        }
    }

    private static void Change(Call call, Machine machine)
    {
        // The boot order may change while it runs (assumed); Secure Boot may not.
        if (call.Has("EnableSecureBoot") || call.Has("SecureBootTemplate") || call.Has("SecureBootTemplateId"))
            PowerState.RequireOff(machine, "Firmware");
        machine.SecureBoot = call.Get("EnableSecureBoot", machine.SecureBoot);
        if (call.Has("SecureBootTemplate")) machine.SecureBootTemplate = Firmware.Template(machine, call.Text("SecureBootTemplate"));
        if (call.Has("SecureBootTemplateId"))
        {
            var id = call.Get("SecureBootTemplateId", Guid.Empty);
            machine.SecureBootTemplate = Firmware.Template(machine, SecureBootTemplates.All.FirstOrDefault(pair => pair.Value == id).Key ?? $"{id}");
        }
        machine.ConsoleMode = call.Get("ConsoleMode", machine.ConsoleMode);
        machine.PauseAfterBootFailure = call.Get("PauseAfterBootFailure", machine.PauseAfterBootFailure);
        if (call.Has("BootOrder")) machine.BootOrder = Firmware.Order(machine, call.Get<VMComponentObject[]>("BootOrder", []).Select(IdOf));
        if (call.Has("FirstBootDevice"))
        {
            var first = IdOf(call.Get<VMComponentObject>("FirstBootDevice", null!));
            machine.BootOrder = Firmware.Order(machine, [first, .. machine.BootOrder.Where(id => id != first)]);
        }
    }

    private static string IdOf(VMComponentObject component) => component switch
    {
        VMBootSource source => IdOf((VMComponentObject)source.Device),
        DvdDrive drive => drive.Id,
        HardDiskDrive drive => drive.Id,
        VMNetworkAdapterBase adapter => adapter.Id,
        _ => "",
    };
}
