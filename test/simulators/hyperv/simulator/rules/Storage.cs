using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>Which file may be a drive, and who holds it.</summary>
public static class Storage
{
    /// <summary>A generation 2 machine boots VHDX only. Source: WSD Should-I-create-a-generation-1-or-2.</summary>
    public static void RequireBootable(Machine machine, string path)
    {
        var isVhd = Path.GetExtension(path).Equals(".vhd", StringComparison.OrdinalIgnoreCase);
        if (machine.Generation == 2 && isVhd) throw new Refusal("vhd-on-generation-2", machine.Name, machine.Id, path);
    }

    /// <summary>A checkpoint's disk is refused by its name. Source: test-kitchen/kitchen-hyperv#25 (New-VHD -ParentPath); Convert-VHD assumed.</summary>
    public static void RequireDiskName(string path)
    {
        var extension = Path.GetExtension(path);
        if (extension.Equals(".avhdx", StringComparison.OrdinalIgnoreCase)) throw new Refusal("vhd-name", path);
    }

    public static void RequireFile(string path)
    {
        if (!File.Exists(path)) throw new Refusal("file-not-found", path);
    }

    /// <summary>A disk of a running machine, or one that is being merged, is held by the service.</summary>
    public static void RequireFree(HostState state, string path)
    {
        if (state.Machines().Any(machine => Holds(state, machine, path))) throw new Refusal("attached", path);
    }

    private static bool Holds(HostState state, Machine machine, string path)
    {
        var isHeld = !machine.IsOff || HeldFiles.IsMerging(state, machine);
        return isHeld && machine.Drives.Any(drive => !drive.IsDvd && SamePath(drive.Path, path));
    }

    public static bool IsAttached(HostState state, string path) =>
        state.Machines().Any(machine => machine.Drives.Any(drive => SamePath(drive.Path, path)));

    public static bool SamePath(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>The first free place of the first controller. Source: WPD Add-VMDvdDrive, Add-VMHardDiskDrive.</summary>
    public static (int Controller, int Location) Place(Machine machine, int? controller, int? location)
    {
        // Sixty-four devices on one SCSI controller (WSD, same page).
        var free = from number in controller is { } wanted ? [wanted] : Enumerable.Range(0, 4)
                   from at in location is { } place ? [place] : Enumerable.Range(0, 64)
                   where !machine.Drives.Any(drive => drive.Controller == number && drive.Location == at)
                   select (number, at);
        var found = free.Take(1).ToList();
        return found.Count == 1 ? found[0] : throw new Refusal("slot-taken", machine.Name, controller ?? 0, location ?? 0);
    }
}
