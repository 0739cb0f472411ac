using System.Management.Automation;
using AzlVm.HyperV.Simulator.Machines;
using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.State;
using AzlVm.HyperV.Simulator.VirtualDisks;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class CheckpointCmdlets
{
    [Plays("Checkpoint-VM")]
    public static void Take(Call call)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (machine.CheckpointType == CheckpointType.Disabled) throw new Refusal("checkpoints-disabled", machine.Name, machine.Id);
            var name = call.Has("SnapshotName") ? call.Text("SnapshotName") : $"{machine.Name} - ({DateTime.Now:M/d/yyyy - h:mm:ss tt})";
            var checkpoint = CheckpointStore.Take(call, machine, name, false);
            if (call.Switch("Passthru")) call.Write(Views.Snapshot(machine, checkpoint, call.State));
        }
    }

    [Plays("Get-VMSnapshot")]
    public static void Get(Call call)
    {
        if (call.Has("ParentOf") || call.Has("ChildOf")) throw new Refusal("not-played", "Get-VMSnapshot -ParentOf or -ChildOf");
        foreach (var (machine, checkpoint) in Chosen(call)) call.Write(Views.Snapshot(machine, checkpoint, call.State));
    }

    [Plays("Restore-VMSnapshot")]
    public static void Restore(Call call)
    {
        foreach (var (machine, checkpoint) in Chosen(call))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (machine.Runner is not null) RunningMachine.PowerOff(call, machine);
            CheckpointStore.Restore(call.State, call.ById(machine.Id), checkpoint.Id);
        }
    }

    [Plays("Remove-VMSnapshot")]
    public static void Remove(Call call)
    {
        foreach (var (machine, checkpoint) in Chosen(call))
        {
            if (!call.ShouldProcess(checkpoint.Name)) continue;
            CheckpointStore.Remove(call, machine, machine.Checkpoints.First(one => one.Id == checkpoint.Id));
            call.State.Save(machine);
        }
    }

    /// <summary>Names of checkpoints need not be unique.</summary>
    [Plays("Rename-VMSnapshot")]
    public static void Rename(Call call)
    {
        foreach (var (machine, checkpoint) in Chosen(call))
        {
            if (!call.ShouldProcess(checkpoint.Name)) continue;
            checkpoint.Name = call.Text("NewName");
            call.State.Save(machine);
            if (call.Switch("Passthru")) call.Write(Views.Snapshot(machine, checkpoint, call.State));
        }
    }

    /// <summary>Given as objects, or by machine and name; one that is named and not there is an error.</summary>
    private static List<(Machine Machine, MachineCheckpoint Checkpoint)> Chosen(Call call)
    {
        if (call.Has("VMSnapshot"))
        {
            var given = call.Get<object>("VMSnapshot", null!);
            var all = given as VMSnapshot[] ?? [(VMSnapshot)given];
            return all.Select(one => Of(call.ById(one.VMId), one.Id)).ToList();
        }
        if (call.Name == "Get-VMSnapshot" && call.Has("Id"))
        {
            var id = call.Get("Id", Guid.Empty);
            return call.State.Machines().Where(one => one.Checkpoints.Exists(checkpoint => checkpoint.Id == id)).Select(one => Of(one, id)).ToList();
        }
        var pattern = call.Has("Name") ? call.Get<string[]>("Name", [])[0] : "*";
        var wildcard = new WildcardPattern(pattern, WildcardOptions.IgnoreCase);
        var found = call.Machines().SelectMany(machine => machine.Checkpoints.Where(one => wildcard.IsMatch(one.Name)).Select(one => (machine, one))).ToList();
        if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(pattern)) throw new Refusal("snapshot-not-found", pattern);
        return found;
    }

    private static (Machine, MachineCheckpoint) Of(Machine machine, Guid id) =>
        (machine, machine.Checkpoints.Find(one => one.Id == id) ?? throw new Refusal("snapshot-not-found", id));
}
