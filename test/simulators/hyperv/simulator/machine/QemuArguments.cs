using System.Globalization;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>The machine as QEMU's command line: what the cmdlets configured, and nothing else. Paths of sockets are relative to the run folder.</summary>
public static class QemuArguments
{
    public const string ControlSocket = "control.sock";
    public const string RunnerSocket = "runner.sock";
    public const string TpmSocket = "tpm.sock";
    public const string FirmwareSocket = "firmware.sock";

    public static List<string> For(Machine machine, GuestFirmware firmware)
    {
        List<string> arguments =
        [
            "-nodefaults", "-no-user-config", "-display", "none", "-S",
            "-name", machine.Id.ToString(),
            "-uuid", machine.Id.ToString(),
            "-machine", $"q35,smm={(firmware.NeedsSmm ? "on" : "off")},accel=tcg",
            // 12 % faster than max without KVM (components.md section 8).
            "-cpu", "qemu64",
            "-smp", Invariant(machine.Processors),
            "-m", $"{machine.MemoryStartup >> 20}M",
            .. firmware.NeedsSmm ? new[] { "-global", "driver=cfi.pflash01,property=secure,value=on" } : [],
            "-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={File(firmware.Code)}",
            "-drive", $"if=pflash,unit=1,format=raw,file={File(firmware.Variables)}",
            // Only what stands in the boot order is tried.
            "-boot", "strict=on",
            "-device", "VGA,addr=1",
            "-device", "virtio-keyboard-pci",
            "-qmp", $"unix:{ControlSocket},server=on,wait=off",
            "-qmp", $"unix:{RunnerSocket},server=on,wait=off",
        ];
        for (var number = 1; number <= 2; number++) arguments.AddRange(ComPort(machine, number));
        arguments.AddRange(FirmwarePort());
        if (machine.Tpm) arguments.AddRange(Tpm());
        arguments.AddRange(Drives(machine));
        arguments.AddRange(Adapters(machine));
        return arguments;
    }

    /// <summary>To Windows, COM1 is a device whatever comes after a dot.</summary>
    public static string ComSocket(int number) => $"serial{number}.sock";

    /// <summary>The port is there whether or not a pipe is; without one, what the guest writes is lost.</summary>
    private static string[] ComPort(Machine machine, int number) =>
    [
        "-chardev", machine.ComPorts[number - 1] == "" ? $"null,id=com{number}" : $"socket,id=com{number},path={ComSocket(number)},server=on,wait=off",
        "-device", $"isa-serial,chardev=com{number},index={number - 1}",
    ];

    /// <summary>Where test/simulators/qemu/silent-firmware.ts has the firmware look for its console; no guest looks there.</summary>
    private static string[] FirmwarePort() =>
    [
        "-chardev", $"socket,id=firmware,path={FirmwareSocket},server=on,wait=off",
        "-device", "isa-serial,chardev=firmware,index=2,iobase=0xfe0,irq=10",
    ];

    private static string[] Tpm() =>
        ["-chardev", $"socket,id=tpm,path={TpmSocket}", "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0"];

    private static IEnumerable<string> Drives(Machine machine)
    {
        foreach (var controller in machine.Drives.Select(drive => drive.Controller).Distinct())
        {
            yield return "-device";
            yield return $"virtio-scsi-pci,id=scsi{controller}";
        }
        foreach (var drive in machine.Drives)
        {
            var id = DriveId(drive);
            if (drive.Path != "")
            {
                yield return drive.IsDvd ? "-drive" : "-blockdev";
                yield return drive.IsDvd
                    ? $"if=none,id={id},media=cdrom,readonly=on,format=raw,file={File(drive.Path)}"
                    : $"driver=nbd,node-name={id},server.type=unix,server.path={StorageDaemon.DiskSocket},export={id}";
            }
            yield return "-device";
            // A target for each location: OVMF looks at 32 targets and at 8 units of each.
            yield return $"{(drive.IsDvd ? "scsi-cd" : "scsi-hd")},id=d{id},bus=scsi{drive.Controller}.0,channel=0,scsi-id={drive.Location},lun=0{(drive.Path == "" ? "" : $",drive={id}")}{BootIndex(machine, drive.Id)}";
        }
    }

    private static IEnumerable<string> Adapters(Machine machine)
    {
        foreach (var (adapter, index) in machine.Adapters.Select((adapter, index) => (adapter, index)))
        {
            var mac = string.Join(':', adapter.Mac.Chunk(2).Select(pair => new string(pair)));
            // No switch: the cable is not plugged in.
            yield return "-netdev";
            yield return adapter.SwitchId is null ? $"hubport,id=n{index},hubid={index}" : $"user,id=n{index}";
            yield return "-device";
            yield return $"virtio-net-pci,netdev=n{index},mac={mac},romfile={BootIndex(machine, adapter.Id)}";
        }
    }

    public static string DriveId(MachineDrive drive) => $"drive{drive.Controller}-{drive.Location}";

    private static string BootIndex(Machine machine, string id)
    {
        var index = machine.BootOrder.IndexOf(id);
        return index < 0 ? "" : $",bootindex={index}";
    }

    /// <summary>A comma in an option's value is doubled.</summary>
    internal static string File(string path) => QemuHost.Current.Named(path).Replace(",", ",,", StringComparison.Ordinal);

    private static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);
}
