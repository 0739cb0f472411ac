using AzlVm.HyperV.Simulator.Machines;
using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.State;
using AzlVm.HyperV.Simulator.VirtualDisks;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class MachineCmdlets
{
    [Plays("Get-VM")]
    public static void Get(Call call)
    {
        foreach (var machine in call.Machines()) call.Write(Views.Of(machine, call.State));
    }

    [Plays("New-VM")]
    public static void New(Call call)
    {
        var name = call.Get("Name", "New Virtual Machine");
        if (!call.ShouldProcess(name)) return;
        KillPoint.Pass(call, "before");
        var machine = NewMachine.Make(call.State.Knobs, name, call.Get<short>("Generation", 1));
        var parent = call.Has("Path") ? call.FullPath(call.Text("Path")) : HostCmdlets.DefaultFolder(call);
        machine.Path = Path.Combine(parent, name);
        if (call.Has("MemoryStartupBytes")) machine.MemoryStartup = call.Get("MemoryStartupBytes", 0L);
        if (call.Has("SwitchName")) machine.Adapters[0].SwitchId = NetworkCmdlets.SwitchByName(call, call.Text("SwitchName")).Id;
        if (call.Has("NewVHDPath")) AddNewDisk(call, machine);
        if (call.Has("VHDPath")) AddDisk(machine, call.FullPath(call.Text("VHDPath")));
        machine.BootOrder = NewMachine.BootOrder(machine);
        Directory.CreateDirectory(Path.Combine(machine.Path, "Virtual Machines"));
        KillPoint.Pass(call, "inside");
        File.WriteAllText(ConfigurationFile(machine), "");
        call.State.Save(machine);
        KillPoint.Pass(call, "after");
        call.Write(Views.Of(machine, call.State));
    }

    [Plays("Set-VM")]
    public static void Set(Call call)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            KillPoint.Pass(call, "before");
            Change(call, machine);
            call.State.Save(machine);
            KillPoint.Pass(call, "after");
            if (call.Switch("Passthru")) call.Write(Views.Of(machine, call.State));
        }
    }

    [Plays("Rename-VM")]
    public static void Rename(Call call)
    {
        var name = call.Text("NewName");
        if (name.Length > NewMachine.LongestName) throw new Refusal("name-too-long");
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            KillPoint.Pass(call, "before");
            // Names need not be unique on a host.
            machine.Name = name;
            call.State.Save(machine);
            KillPoint.Pass(call, "after");
            if (call.Switch("Passthru")) call.Write(Views.Of(machine, call.State));
        }
    }

    /// <summary>Takes the configuration, leaves the disks; checkpoints are merged afterwards (WPD Remove-VM).</summary>
    [Plays("Remove-VM")]
    public static void Remove(Call call)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.Require(machine, VMState.Off, VMState.Saved);
            while (machine.Checkpoints.Count > 0) CheckpointStore.Remove(call, machine, machine.Checkpoints[^1]);
            File.Delete(ConfigurationFile(machine));
            DeleteEmpty(Path.Combine(machine.Path, "Virtual Machines"));
            call.State.Delete(machine);
        }
    }

    private static void Change(Call call, Machine machine)
    {
        if (call.Has("ProcessorCount") || call.Has("StaticMemory") || call.Has("DynamicMemory") || call.Has("MemoryStartupBytes"))
            PowerState.RequireOff(machine, "Memory and processors");
        if (call.Switch("StaticMemory")) machine.DynamicMemory = false;
        if (call.Switch("DynamicMemory")) machine.DynamicMemory = true;
        machine.Processors = call.Get("ProcessorCount", machine.Processors);
        machine.MemoryStartup = call.Get("MemoryStartupBytes", machine.MemoryStartup);
        machine.MemoryMinimum = call.Get("MemoryMinimumBytes", machine.MemoryMinimum);
        machine.MemoryMaximum = call.Get("MemoryMaximumBytes", machine.MemoryMaximum);
        machine.AutomaticCheckpoints = call.Get("AutomaticCheckpointsEnabled", machine.AutomaticCheckpoints);
        machine.CheckpointType = call.Get("CheckpointType", machine.CheckpointType);
        machine.StartAction = call.Get("AutomaticStartAction", machine.StartAction);
        machine.StopAction = call.Get("AutomaticStopAction", machine.StopAction);
        if (call.Has("Notes")) machine.Notes = call.Text("Notes");
        if (call.Has("NewVMName")) machine.Name = call.Text("NewVMName");
    }

    private static void AddNewDisk(Call call, Machine machine)
    {
        var path = call.FullPath(call.Text("NewVHDPath"));
        Storage.RequireBootable(machine, path);
        if (File.Exists(path)) throw new Refusal("file-exists", path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        VirtualDisk.Create(path, call.Get("NewVHDSizeBytes", 0UL), VhdCmdlets.DefaultBlockSize, false);
        AddDisk(machine, path);
    }

    private static void AddDisk(Machine machine, string path)
    {
        Storage.RequireBootable(machine, path);
        Storage.RequireFile(path);
        machine.Drives.Add(new MachineDrive { Path = path });
    }

    private static string ConfigurationFile(Machine machine) =>
        Path.Combine(machine.Path, "Virtual Machines", $"{machine.Id.ToString().ToUpperInvariant()}.vmcx");

    private static void DeleteEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }
}
