using System.Text.Json.Nodes;
using AzlVm.HyperV.Simulator.Machines;
using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class DriveCmdlets
{
    [Plays("Add-VMHardDiskDrive")]
    public static void AddDisk(Call call) => Add(call, false);

    [Plays("Add-VMDvdDrive")]
    public static void AddDvd(Call call) => Add(call, true);

    [Plays("Get-VMHardDiskDrive")]
    public static void GetDisk(Call call) => Get(call, false);

    [Plays("Get-VMDvdDrive")]
    public static void GetDvd(Call call) => Get(call, true);

    [Plays("Remove-VMHardDiskDrive")]
    public static void RemoveDisk(Call call) => Remove(call, false);

    [Plays("Remove-VMDvdDrive")]
    public static void RemoveDvd(Call call) => Remove(call, true);

    /// <summary>A null path ejects; the drive stays.</summary>
    [Plays("Set-VMDvdDrive")]
    public static void SetDvd(Call call)
    {
        foreach (var (machine, drive) in Chosen(call, true))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (call.Has("Path")) Insert(call, machine, drive, call.Text("Path"));
            drive.Controller = call.Get("ToControllerNumber", drive.Controller);
            drive.Location = call.Get("ToControllerLocation", drive.Location);
            call.State.Save(machine);
            if (call.Switch("Passthru")) call.Write(Views.Dvd(machine, drive));
        }
    }

    private static void Insert(Call call, Machine machine, MachineDrive drive, string path)
    {
        var full = path == "" ? "" : call.FullPath(path);
        if (full != "") Storage.RequireFile(full);
        drive.Path = full;
        if (machine.Runner is null) return;
        var id = new JsonObject { ["id"] = QemuCommands.DriveId(drive), ["force"] = true };
        if (full == "") RunningMachine.Tell(call, machine, "eject", id);
        else
            RunningMachine.Tell(call, machine, "blockdev-change-medium",
                new JsonObject { ["id"] = QemuCommands.DriveId(drive), ["filename"] = QemuHost.Current.Named(full), ["format"] = "raw", ["force"] = true });
    }

    private static void Add(Call call, bool isDvd)
    {
        if (call.Has("VMDriveController")) throw new Refusal("not-played", $"{call.Name} -VMDriveController");
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (machine.Runner is not null) throw new Refusal("not-played", $"{call.Name} on a running machine");
            var path = call.Text("Path");
            if (path != "")
            {
                path = call.FullPath(path);
                if (!isDvd) Storage.RequireBootable(machine, path);
                Storage.RequireFile(path);
                if (!isDvd && Storage.IsAttached(call.State, path)) throw new Refusal("attached", path);
            }
            int? number = call.Has("ControllerNumber") ? call.Get("ControllerNumber", 0) : null;
            int? location = call.Has("ControllerLocation") ? call.Get("ControllerLocation", 0) : null;
            var place = Storage.Place(machine, number, location);
            var drive = new MachineDrive { IsDvd = isDvd, Path = path, Controller = place.Controller, Location = place.Location };
            machine.Drives.Add(drive);
            // Assumed: a new drive goes to the end of the boot order.
            machine.BootOrder.Add(drive.Id);
            call.State.Save(machine);
            if (call.Switch("Passthru")) Write(call, machine, drive);
        }
    }

    private static void Get(Call call, bool isDvd)
    {
        foreach (var (machine, drive) in Chosen(call, isDvd)) Write(call, machine, drive);
    }

    private static void Remove(Call call, bool isDvd)
    {
        var chosen = Chosen(call, isDvd);
        if (chosen.Count == 0) throw new Refusal("drive-not-found", call.Name);
        foreach (var (machine, drive) in chosen)
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (machine.Runner is not null) throw new Refusal("not-played", $"{call.Name} on a running machine");
            machine.Drives.RemoveAll(one => one.Id == drive.Id);
            machine.BootOrder.Remove(drive.Id);
            call.State.Save(machine);
        }
    }

    /// <summary>Drives given as objects, or those at an address, or all.</summary>
    private static List<(Machine Machine, MachineDrive Drive)> Chosen(Call call, bool isDvd)
    {
        List<(Guid VM, string Id)> given =
        [
            .. call.Get<DvdDrive[]>("VMDvdDrive", []).Select(drive => (drive.VMId, drive.Id)),
            .. call.Get<HardDiskDrive[]>("VMHardDiskDrive", []).Select(drive => (drive.VMId, drive.Id)),
        ];
        if (given.Count > 0)
            return given.Select(one => (call.ById(one.VM), one.Id))
                .Select(one => (one.Item1, one.Item1.Drives.Find(drive => drive.Id == one.Id) ?? throw new Refusal("drive-not-found", one.Item1.Name)))
                .ToList();
        return (from machine in call.Machines()
                from drive in machine.Drives
                where drive.IsDvd == isDvd
                where !call.Has("ControllerNumber") || drive.Controller == call.Get("ControllerNumber", 0)
                where !call.Has("ControllerLocation") || drive.Location == call.Get("ControllerLocation", 0)
                select (machine, drive)).ToList();
    }

    private static void Write(Call call, Machine machine, MachineDrive drive) =>
        call.Write(drive.IsDvd ? Views.Dvd(machine, drive) : Views.Disk(machine, drive));
}
