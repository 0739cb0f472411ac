using AzlVm.HyperV.Simulator.Machines;
using AzlVm.HyperV.Simulator.VirtualDisks;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>
/// Checkpoints as trees of disks: taking one freezes the disk and goes on in an .avhdx over it; removing one merges
/// the only child into it. Memory, firmware variables and TPM state lie in the machine's run folder.
/// </summary>
public static class CheckpointStore
{
    private static readonly string[] Kept = ["vars.fd", "vars.kind"];

    public static MachineCheckpoint Take(Call call, Machine machine, string name, bool isAutomatic)
    {
        var checkpoint = new MachineCheckpoint { Name = name, IsAutomatic = isAutomatic, Parent = machine.ParentCheckpoint };
        checkpoint.Held = HostState.Copy(machine);
        checkpoint.Held.Checkpoints = [];
        var folder = Folder(call.State, machine, checkpoint.Id);
        Directory.CreateDirectory(folder);
        if (machine.Runner is not null)
        {
            checkpoint.Memory = Path.Combine(folder, "memory.bin");
            RunningMachine.WriteMemory(call, machine, checkpoint.Memory);
        }
        Copy(call.State.RunFolder(machine.Id), folder);
        foreach (var drive in machine.Drives.Where(drive => !drive.IsDvd)) GoOn(call, machine, drive, checkpoint.Id);
        if (machine.Runner is not null && machine.Power == VMState.Running) RunningMachine.Tell(call, machine, "cont");
        machine.Checkpoints.Add(checkpoint);
        machine.ParentCheckpoint = checkpoint.Id;
        call.State.Save(machine);
        return checkpoint;
    }

    /// <summary>A machine that ran when it was taken is Saved afterwards: the next start goes on there.</summary>
    public static void Restore(HostState state, Machine machine, Guid id)
    {
        var checkpoint = machine.Checkpoints.First(one => one.Id == id);
        foreach (var drive in machine.Drives.Where(drive => !drive.IsDvd && IsOwnDisk(machine, drive.Path))) File.Delete(drive.Path);
        var restored = HostState.Copy(checkpoint.Held);
        restored.Checkpoints = machine.Checkpoints;
        restored.ParentCheckpoint = id;
        restored.Name = machine.Name;
        restored.Runner = null;
        restored.Power = checkpoint.Memory is null ? VMState.Off : VMState.Saved;
        foreach (var drive in restored.Drives.Where(drive => !drive.IsDvd))
        {
            var frozen = drive.Path;
            drive.Path = DifferencingPath(frozen, Guid.NewGuid());
            VirtualDisk.CreateDifferencing(drive.Path, frozen);
        }
        var run = state.RunFolder(machine.Id);
        Directory.CreateDirectory(run);
        var memory = Path.Combine(run, QemuCommands.MemoryFile);
        File.Delete(memory);
        if (checkpoint.Memory is not null) File.Copy(checkpoint.Memory, memory);
        Copy(Folder(state, machine, id), run);
        state.Save(restored);
    }

    public static void Remove(Call call, Machine machine, MachineCheckpoint checkpoint)
    {
        var state = call.State;
        foreach (var drive in checkpoint.Held.Drives.Where(drive => !drive.IsDvd)) MergeChild(call, machine, checkpoint, drive);
        foreach (var child in machine.Checkpoints.Where(one => one.Parent == checkpoint.Id)) child.Parent = checkpoint.Parent;
        if (machine.ParentCheckpoint == checkpoint.Id) machine.ParentCheckpoint = checkpoint.Parent;
        machine.Checkpoints.Remove(checkpoint);
        var folder = Folder(state, machine, checkpoint.Id);
        if (Directory.Exists(folder)) Directory.Delete(folder, true);
        if (state.Knobs.MergeMs == 0) return;
        var merged = checkpoint.Held.Drives.Concat(machine.Drives).Where(drive => !drive.IsDvd);
        HeldFiles.Hold(state, merged.Select(drive => drive.Path), TimeSpan.FromMilliseconds(state.Knobs.MergeMs));
    }

    private static void GoOn(Call call, Machine machine, MachineDrive drive, Guid id)
    {
        var overlay = DifferencingPath(drive.Path, id);
        if (machine.Runner is null) VirtualDisk.CreateDifferencing(overlay, drive.Path);
        else StorageDaemon.GoOn(call, machine, drive, overlay);
        drive.Path = overlay;
    }

    /// <summary>Several children: the disk stays, as their common parent. What another machine's disk lies on is merged too.</summary>
    private static void MergeChild(Call call, Machine machine, MachineCheckpoint checkpoint, MachineDrive held)
    {
        var frozen = held.Path;
        var holders = machine.Checkpoints.Where(one => one != checkpoint).Select(one => one.Held).Append(machine).ToList();
        var drives = holders.SelectMany(one => one.Drives).Where(drive => !drive.IsDvd).ToList();
        if (drives.Exists(drive => drive.Path == frozen)) return;
        var children = drives.Select(drive => drive.Path).Distinct().Where(path => File.Exists(path) && VirtualDisk.Read(path).Parent == frozen).ToList();
        if (children.Count != 1) return;
        if (IsInUse(machine, children[0])) StorageDaemon.Merge(call, machine, held, children[0], frozen);
        else VirtualDisk.Merge(children[0]);
        foreach (var path in drives.Select(drive => drive.Path).Distinct())
            if (File.Exists(path) && VirtualDisk.Read(path).Parent == children[0]) VirtualDisk.LieOn(path, frozen);
        File.Delete(children[0]);
        foreach (var drive in drives.Where(drive => drive.Path == children[0])) drive.Path = frozen;
    }

    /// <summary>A running machine has its disks open, and all that they lie on.</summary>
    private static bool IsInUse(Machine machine, string path)
    {
        if (machine.Runner is null) return false;
        foreach (var drive in machine.Drives.Where(drive => !drive.IsDvd))
            for (var at = drive.Path; at is not null; at = VirtualDisk.Read(at).Parent)
                if (at == path) return true;
        return false;
    }

    private static bool IsOwnDisk(Machine machine, string path) =>
        !machine.Checkpoints.Exists(one => one.Held.Drives.Exists(drive => drive.Path == path)) && path.EndsWith(".avhdx", StringComparison.Ordinal);

    /// <summary>name_GUID.avhdx beside its parent.</summary>
    private static string DifferencingPath(string path, Guid id)
    {
        var name = Path.GetFileNameWithoutExtension(path).Split('_')[0];
        return Path.Combine(Path.GetDirectoryName(path)!, $"{name}_{id.ToString().ToUpperInvariant()}.avhdx");
    }

    private static string Folder(HostState state, Machine machine, Guid id) =>
        Path.Combine(state.RunFolder(machine.Id), "checkpoints", id.ToString());

    private static void Copy(string from, string to)
    {
        foreach (var name in Kept.Where(name => File.Exists(Path.Combine(from, name)))) File.Copy(Path.Combine(from, name), Path.Combine(to, name), true);
        var tpm = Path.Combine(from, "tpm");
        if (!Directory.Exists(tpm)) return;
        Directory.CreateDirectory(Path.Combine(to, "tpm"));
        foreach (var file in Directory.GetFiles(tpm)) File.Copy(file, Path.Combine(to, "tpm", Path.GetFileName(file)), true);
    }
}
