using System.Text.Json;
using System.Text.Json.Serialization;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// The machine in the words of test/simulators/qemu/description.mjs: what the cmdlets configured, and nothing else. How
/// QEMU is told that is written there, once for all doubles. Paths of sockets are relative to the run folder.
/// </summary>
public sealed record QemuCommands(string[] Qemu, string[]? Tpm)
{
    public const string ControlSocket = "control.sock";
    public const string RunnerSocket = "runner.sock";
    public const string FirmwareSocket = "firmware.sock";
    public const string TpmFolder = "tpm";
    public const string TpmReadyFile = "tpm.pid";
    public const string MemoryFile = "memory.bin";

    /// <summary>A controller of Hyper-V's has as many locations.</summary>
    private const int LocationsOfController = 64;

    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Asks Node, with the program that AZL_SIM_QEMU names. <paramref name="resumes"/>: from the memory file.</summary>
    public static QemuCommands For(Machine machine, GuestFirmware firmware, bool resumes)
    {
        var program = Environment.GetEnvironmentVariable("AZL_SIM_QEMU")
            ?? throw new InvalidOperationException("AZL_SIM_QEMU does not say where commands.mjs is");
        var answer = QemuHost.Current.Run("node", program, JsonSerializer.Serialize(Describe(machine, firmware, resumes), Json));
        if (answer.Code != 0) throw new InvalidOperationException($"commands.mjs: {answer.Errors.Trim()}");
        return JsonSerializer.Deserialize<QemuCommands>(answer.Output, Json)!;
    }

    /// <summary>To Windows, COM1 is a device whatever comes after a dot.</summary>
    public static string ComSocket(int number) => $"serial{number}.sock";

    /// <summary>What the monitor calls a drive.</summary>
    public static string DriveId(MachineDrive drive) => $"drive{drive.Controller}-{drive.Location}";

    private static object Describe(Machine machine, GuestFirmware firmware, bool resumes) => new
    {
        Name = machine.Id,
        Uuid = machine.Id,
        Architecture = "x86_64",
        Cpus = machine.Processors,
        MemoryBytes = machine.MemoryStartup,
        Firmware = new
        {
            Code = Named(firmware.Code),
            Variables = Named(firmware.Variables),
            HasSecureBoot = firmware.NeedsSmm,
            Console = FirmwareSocket,
        },
        Tpm = machine.Tpm ? new { StateFolder = TpmFolder } : null,
        Disks = StorageDaemon.DisksOf(machine).Select(drive => new
        {
            Bus = "scsi",
            Port = PortOf(drive),
            Id = DriveId(drive),
            BootIndex = BootIndex(machine, drive.Id) ?? AfterAll(machine, drive),
            Source = new { NbdSocket = StorageDaemon.DiskSocket, ExportName = DriveId(drive) },
        }),
        OpticalDrives = machine.Drives.Where(drive => drive.IsDvd).Select(drive => new
        {
            Bus = "scsi",
            Port = PortOf(drive),
            Id = DriveId(drive),
            BootIndex = BootIndex(machine, drive.Id) ?? AfterAll(machine, drive),
            Medium = drive.Path == "" ? null : Named(drive.Path),
        }),
        Networks = machine.Adapters.Select(adapter => new
        {
            Model = "virtio-net-pci",
            Mac = string.Join(':', adapter.Mac.Chunk(2).Select(pair => new string(pair))),
            // No switch: the cable is not plugged in.
            IsConnected = adapter.SwitchId is not null,
            BootIndex = BootIndex(machine, adapter.Id),
        }),
        SerialPorts = machine.ComPorts.Select((pipe, index) => SerialEnd(pipe, index + 1)),
        HasMemoryFile = resumes,
        Names = new { ControlSocket, RunnerSocket, TpmSocket = "tpm.sock", TpmReadyFile, MemoryFile },
    };

    /// <summary>The port is there whether or not a pipe is; without one, what the guest writes is lost.</summary>
    private static object SerialEnd(string pipe, int number) =>
        pipe == "" ? new { Kind = "null" } : new { Kind = "socket", Path = ComSocket(number) };

    private static int PortOf(MachineDrive drive) => drive.Controller * LocationsOfController + drive.Location;

    private static int? BootIndex(Machine machine, string id)
    {
        var index = machine.BootOrder.IndexOf(id);
        return index < 0 ? null : index;
    }

    /// <summary>OVMF connects the SCSI drives that it is told to boot from and no others, whatever a guest asks of it (seen); so none is left out.</summary>
    private static int AfterAll(Machine machine, MachineDrive drive) => machine.BootOrder.Count + machine.Drives.IndexOf(drive);

    private static string Named(string path) => QemuHost.Current.Named(path);
}
