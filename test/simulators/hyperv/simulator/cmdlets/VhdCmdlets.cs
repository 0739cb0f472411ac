using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.VirtualDisks;
using Microsoft.Vhd.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class VhdCmdlets
{
    /// <summary>32 MiB. Source: WSD Best-Practices-for-running-Linux-on-Hyper-V.</summary>
    public const uint DefaultBlockSize = 32u << 20;

    [Plays("New-VHD")]
    public static void New(Call call)
    {
        if (call.Has("SourceDisk")) throw new Refusal("not-played", "New-VHD -SourceDisk");
        foreach (var path in call.Get<string[]>("Path", []).Select(call.FullPath))
        {
            if (!call.ShouldProcess(path)) continue;
            if (File.Exists(path)) throw new Refusal("file-exists", path);
            if (!Directory.Exists(Path.GetDirectoryName(path))) throw new Refusal("file-not-found", path);
            Make(call, path);
            call.Write(View(call, path));
        }
    }

    [Plays("Get-VHD")]
    public static void Get(Call call)
    {
        if (call.Has("VMId"))
        {
            foreach (var id in call.Get<Guid[]>("VMId", []))
                foreach (var drive in call.ById(id).Drives.Where(drive => !drive.IsDvd)) call.Write(View(call, drive.Path));
            return;
        }
        foreach (var path in call.Get<string[]>("Path", []).Select(call.FullPath)) call.Write(View(call, path));
    }

    /// <summary>Offline; the extension chooses the format, and the type is the source's unless said (WPD Convert-VHD).</summary>
    [Plays("Convert-VHD")]
    public static void Convert(Call call)
    {
        var source = call.FullPath(call.Text("Path"));
        var target = call.FullPath(call.Text("DestinationPath"));
        if (!call.ShouldProcess(source)) return;
        Storage.RequireDiskName(source);
        Storage.RequireFile(source);
        Storage.RequireFree(call.State, source);
        if (File.Exists(target)) throw new Refusal("file-exists", target);
        var type = call.Get("VHDType", VirtualDisk.Read(source).Type);
        var deletes = call.Switch("DeleteSource");
        var passes = call.Switch("Passthru");
        call.Unlocked(() => VirtualDisk.Convert(source, target, type == VhdType.Fixed));
        if (deletes) File.Delete(source);
        if (passes) call.Write(View(call, target));
    }

    private static void Make(Call call, string path)
    {
        if (call.Has("ParentPath"))
        {
            var parent = call.FullPath(call.Text("ParentPath"));
            Storage.RequireDiskName(parent);
            Storage.RequireFile(parent);
            VirtualDisk.CreateDifferencing(path, parent);
            return;
        }
        var size = call.Get("SizeBytes", 0UL);
        // 2000000000 is refused, 2 GiB is not (PowerShell/PowerShell#25761); the sector size is the likely reason (assumed).
        if (size == 0 || size % 4096 != 0) throw new Refusal("vhd-size", path);
        VirtualDisk.Create(path, size, call.Get("BlockSizeBytes", DefaultBlockSize), call.Switch("Fixed"));
    }

    private static VirtualHardDisk View(Call call, string path)
    {
        var disk = VirtualDisk.Read(path);
        return new VirtualHardDisk
        {
            Path = path,
            VhdFormat = disk.IsVhd ? VhdFormat.VHD : VhdFormat.VHDX,
            VhdType = disk.Type,
            Size = disk.Size,
            FileSize = disk.FileSize,
            BlockSize = disk.BlockSize,
            ParentPath = disk.Parent ?? "",
            LogicalSectorSize = 512,
            PhysicalSectorSize = 4096,
            Attached = Storage.IsAttached(call.State, path),
            ComputerName = Environment.MachineName,
        };
    }
}
