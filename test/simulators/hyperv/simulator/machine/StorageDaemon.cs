using System.Net.Sockets;
using System.Text.Json.Nodes;
using AzlVm.HyperV.Simulator.State;
using AzlVm.HyperV.Simulator.VirtualDisks;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// What has a running machine's disks open, with all that they lie on: qemu-storage-daemon, which shows each to QEMU as
/// a raw NBD disk. QEMU itself writes no memory to a file while it has a VHDX or VHD open (block/vhdx.c, block/vpc.c:
/// migrate_add_blocker). Sockets lie in the run folder.
/// </summary>
public static class StorageDaemon
{
    public const string DiskSocket = "disks.sock";
    public const string ControlSocket = "storage.sock";

    public static IEnumerable<MachineDrive> DisksOf(Machine machine) => machine.Drives.Where(drive => !drive.IsDvd);

    /// <summary>Null where the machine has no disk. Throws, with the daemon's own words, where one cannot be opened.</summary>
    public static IRunningProgram? Start(Machine machine)
    {
        if (!DisksOf(machine).Any()) return null;
        List<string> arguments = ["--nbd-server", $"addr.type=unix,addr.path={DiskSocket}"];
        foreach (var drive in DisksOf(machine))
        {
            var id = QemuCommands.DriveId(drive);
            var format = VirtualDisk.FormatOf(drive.Path);
            arguments.AddRange(["--blockdev", $"driver={format},node-name={id},file.driver=file,file.filename={QemuHost.Current.Named(drive.Path).Replace(",", ",,", StringComparison.Ordinal)}"]);
            arguments.AddRange(["--export", $"type=nbd,id={id},node-name={id},name={id},writable=on"]);
        }
        // The last: who reaches the monitor finds the disks there. It waits for us: a connection that is taken while the
        // daemon hands the monitor to a thread of its own is greeted and never read (seen with QEMU 7.2).
        arguments.AddRange(["--chardev", $"socket,id=control,path={ControlSocket},server=on,wait=on", "--monitor", "chardev=control"]);
        var daemon = QemuHost.Current.Start("qemu-storage-daemon", arguments);
        Qmp.ConnectTo(daemon, ControlSocket).Dispose();
        return daemon;
    }

    /// <summary>Closes the disks; afterwards their files are whole and free.</summary>
    public static void End(IRunningProgram daemon)
    {
        try
        {
            using var qmp = new Qmp(ControlSocket);
            qmp.Execute("quit");
        }
        catch (SocketException)
        {
            // Gone already, or its folder is.
            daemon.Kill();
        }
        daemon.WaitForExit(Patience.Answer);
    }

    /// <summary>The machine writes to a new layer from here on; it stands still meanwhile.</summary>
    public static void GoOn(Call call, Machine machine, MachineDrive drive, string layer)
    {
        using var qmp = Connect(call, machine);
        qmp.Execute("blockdev-snapshot-sync", new JsonObject
        {
            ["node-name"] = TopOf(qmp, drive),
            ["snapshot-file"] = QemuHost.Current.Named(layer),
            ["format"] = "qcow2",
            ["snapshot-node-name"] = $"layer-{Guid.NewGuid():N}"[..31],
        });
    }

    /// <summary>Brings a layer of a running machine's disk into the one below it, while the machine runs on.</summary>
    public static void Merge(Call call, Machine machine, MachineDrive drive, string layer, string below)
    {
        using var qmp = Connect(call, machine);
        var isTop = machine.Drives.Exists(one => one.Path == layer);
        var merge = new JsonObject { ["job-id"] = "merge", ["device"] = TopOf(qmp, drive), ["base"] = QemuHost.Current.Named(below) };
        if (!isTop) merge["top"] = QemuHost.Current.Named(layer);
        qmp.Execute("block-commit", merge);
        var isCompleting = false;
        Patience.Until(Patience.Work, () =>
        {
            if (qmp.Execute("query-block-jobs") is not JsonArray { Count: > 0 } jobs) return true;
            // The layer that the machine writes to is left when all of it is below.
            if (!isCompleting && jobs[0]?["ready"]?.GetValue<bool>() == true)
            {
                qmp.Execute("block-job-complete", new JsonObject { ["device"] = "merge" });
                isCompleting = true;
            }
            return false;
        }, () => $"the merge of {layer} into {below}");
        Forget(qmp, drive, layer);
    }

    /// <summary>The layer that the daemon was started with stays open until it is told otherwise; the others go by themselves.</summary>
    private static void Forget(Qmp qmp, MachineDrive drive, string layer)
    {
        var first = QemuCommands.DriveId(drive);
        var nodes = (JsonArray)qmp.Execute("query-named-block-nodes", new JsonObject { ["flat"] = true })!;
        if (nodes.Any(node => $"{node?["node-name"]}" == first && $"{node?["file"]}" == QemuHost.Current.Named(layer)))
            qmp.Execute("blockdev-del", new JsonObject { ["node-name"] = first });
    }

    /// <summary>The daemon's name of the layer that the machine writes to.</summary>
    private static string TopOf(Qmp qmp, MachineDrive drive)
    {
        var exports = (JsonArray)qmp.Execute("query-block-exports")!;
        return $"{exports.First(export => $"{export?["id"]}" == QemuCommands.DriveId(drive))?["node-name"]}";
    }

    private static Qmp Connect(Call call, Machine machine) => new(Path.Combine(call.State.RunFolder(machine.Id), ControlSocket));
}
