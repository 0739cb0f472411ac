using AzlVm.HyperV.Simulator.Machines;
using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class PowerCmdlets
{
    /// <summary>-Force gives the guest five minutes (WPD Stop-VM); without it the cmdlet waits as long, then asks (assumed).</summary>
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromMinutes(5);

    [Plays("Start-VM")]
    public static void Start(Call call)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (machine.Power is VMState.Running or VMState.Starting)
            {
                call.Warn($"The virtual machine '{machine.Name}' is already in the specified state.");
                continue;
            }
            PowerState.Require(machine, VMState.Off, VMState.Saved);
            if (machine.MemoryStartup > call.State.Knobs.MemoryBytes) throw new Refusal("out-of-memory", machine.Name, machine.Id);
            foreach (var drive in machine.Drives.Where(drive => drive.Path != ""))
                if (!File.Exists(drive.Path)) throw new Refusal("start-failed", machine.Name, machine.Id, new Refusal("file-not-found", drive.Path).Message);
            if (machine.Generation != 2) throw new Refusal("not-played", "Start-VM of a generation 1 machine");
            if (machine.AutomaticCheckpoints && machine.Power == VMState.Off && machine.CheckpointType != CheckpointType.Disabled)
                CheckpointStore.Take(call, machine, $"Automatic Checkpoint - {machine.Name}", true);
            MacAddress.Assign(call.State, machine);
            RunningMachine.Start(call, machine);
            PassThrough(call, machine.Id);
        }
    }

    [Plays("Stop-VM")]
    public static void Stop(Call call)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (machine.IsOff)
            {
                call.Warn($"The virtual machine '{machine.Name}' is already in the specified state.");
                continue;
            }
            if (call.Switch("Save")) Save(call, machine);
            else if (call.Switch("TurnOff")) TurnOff(call, machine);
            else ShutDown(call, machine);
            PassThrough(call, machine.Id);
        }
    }

    [Plays("Suspend-VM")]
    public static void Suspend(Call call) => Each(call, VMState.Running, VMState.Paused, machine => RunningMachine.Tell(call, machine, "stop"));

    [Plays("Resume-VM")]
    public static void Resume(Call call) => Each(call, VMState.Paused, VMState.Running, machine => RunningMachine.Tell(call, machine, "cont"));

    [Plays("Save-VM")]
    public static void SaveMachine(Call call)
    {
        foreach (var machine in call.Machines())
            if (call.ShouldProcess(machine.Name)) Save(call, machine);
    }

    /// <summary>A reset, with -Type Reset or without; -Type Reboot, which asks the guest, is not played.</summary>
    [Plays("Restart-VM")]
    public static void Restart(Call call)
    {
        if (call.Has("Wait") || (call.Has("Type") && call.Text("Type") != "Reset"))
            throw new Refusal("not-played", "Restart-VM with -Wait or -Type Reboot");
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.Require(machine, VMState.Running);
            RunningMachine.Tell(call, machine, "system_reset");
            PassThrough(call, machine.Id);
        }
    }

    private static void Each(Call call, VMState from, VMState to, Action<Machine> act)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.Require(machine, from);
            act(machine);
            machine.Power = to;
            call.State.Save(machine);
            PassThrough(call, machine.Id);
        }
    }

    private static void Save(Call call, Machine machine)
    {
        PowerState.Require(machine, VMState.Running, VMState.Paused);
        RunningMachine.WriteMemory(call, machine, Path.Combine(call.State.RunFolder(machine.Id), QemuCommands.MemoryFile));
        RunningMachine.PowerOff(call, machine);
    }

    private static void TurnOff(Call call, Machine machine)
    {
        if (machine.Power == VMState.Saved)
        {
            File.Delete(Path.Combine(call.State.RunFolder(machine.Id), QemuCommands.MemoryFile));
            machine.Power = VMState.Off;
            call.State.Save(machine);
            return;
        }
        RunningMachine.PowerOff(call, machine);
    }

    private static void ShutDown(Call call, Machine machine)
    {
        PowerState.Require(machine, VMState.Running);
        RunningMachine.Tell(call, machine, "system_powerdown");
        if (RunningMachine.WaitUntilOff(call, machine.Id, ShutdownLimit)) return;
        if (call.Switch("Force")) TurnOff(call, machine);
        else throw new Refusal("stop-times-out", machine.Name, machine.Id);
    }

    private static void PassThrough(Call call, Guid id)
    {
        if (call.Switch("Passthru")) call.Write(Views.Of(call.ById(id), call.State));
    }
}
