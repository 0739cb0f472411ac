using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Objects;

/// <summary>The module's objects, made of the state at the time of asking (assumed: they do not follow it).</summary>
public static class Views
{
    public static VirtualMachine Of(Machine machine, HostState state) => new()
    {
        Id = machine.Id,
        Name = machine.Name,
        Path = machine.Path,
        ConfigurationLocation = machine.Path,
        SnapshotFileLocation = machine.Path,
        SmartPagingFilePath = machine.Path,
        Generation = machine.Generation,
        VirtualMachineSubType = machine.Generation == 2 ? VirtualMachineSubType.Generation2 : VirtualMachineSubType.Generation1,
        VirtualMachineType = VirtualMachineType.RealizedVirtualMachine,
        Notes = machine.Notes,
        CreationTime = machine.Created.ToLocalTime(),
        State = machine.Power,
        Version = VersionOf(state.Knobs.Build),
        MemoryStartup = machine.MemoryStartup,
        MemoryMinimum = machine.MemoryMinimum,
        MemoryMaximum = machine.MemoryMaximum,
        MemoryAssigned = machine.Power is VMState.Running or VMState.Paused ? machine.MemoryStartup : 0,
        DynamicMemoryEnabled = machine.DynamicMemory,
        ProcessorCount = machine.Processors,
        AutomaticCheckpointsEnabled = machine.AutomaticCheckpoints,
        CheckpointType = machine.CheckpointType,
        AutomaticStartAction = machine.StartAction,
        AutomaticStopAction = machine.StopAction,
        ComPort1 = ComPort(machine, 1),
        ComPort2 = ComPort(machine, 2),
        DVDDrives = machine.Drives.Where(drive => drive.IsDvd).Select(drive => Dvd(machine, drive)).ToArray(),
        HardDrives = machine.Drives.Where(drive => !drive.IsDvd).Select(drive => Disk(machine, drive)).ToArray(),
        NetworkAdapters = machine.Adapters.Select(adapter => Adapter(machine, adapter, state)).ToList(),
        VMIntegrationService = Integration(machine, state.Knobs),
        ParentSnapshotId = machine.ParentCheckpoint,
        ParentSnapshotName = machine.Checkpoints.Find(one => one.Id == machine.ParentCheckpoint)?.Name ?? "",
        OperationalStatus = [HeldFiles.IsMerging(state, machine) ? VMOperationalStatus.MergingDisks : VMOperationalStatus.Ok],
        PrimaryOperationalStatus = HeldFiles.IsMerging(state, machine) ? VMOperationalStatus.MergingDisks : VMOperationalStatus.Ok,
        Status = HeldFiles.IsMerging(state, machine) ? "Merging disks" : "Operating normally",
        Uptime = machine.Runner is { } runner ? DateTime.UtcNow - runner.Started : TimeSpan.Zero,
        ComputerName = Environment.MachineName,
    };

    public static VMComPort ComPort(Machine machine, int number) => new()
    {
        Name = $"COM {number}",
        Id = $"Microsoft:{machine.Id.ToString().ToUpperInvariant()}\\COM{number}",
        Path = machine.ComPorts[number - 1],
        DebuggerMode = OnOffState.Off,
        VMId = machine.Id,
        VMName = machine.Name,
        ComputerName = Environment.MachineName,
    };

    public static DvdDrive Dvd(Machine machine, MachineDrive drive) => new()
    {
        Id = drive.Id,
        Path = drive.Path,
        DvdMediaType = drive.Path == "" ? DvdMediaType.None : DvdMediaType.ISO,
        ControllerNumber = drive.Controller,
        ControllerLocation = drive.Location,
        ControllerType = machine.Generation == 2 ? ControllerType.SCSI : ControllerType.IDE,
        Name = $"DVD Drive on {(machine.Generation == 2 ? "SCSI" : "IDE")} controller number {drive.Controller} at location {drive.Location}",
        VMId = machine.Id,
        VMName = machine.Name,
        ComputerName = Environment.MachineName,
    };

    public static HardDiskDrive Disk(Machine machine, MachineDrive drive) => new()
    {
        Id = drive.Id,
        Path = drive.Path,
        ControllerNumber = drive.Controller,
        ControllerLocation = drive.Location,
        ControllerType = machine.Generation == 2 ? ControllerType.SCSI : ControllerType.IDE,
        Name = $"Hard Drive on {(machine.Generation == 2 ? "SCSI" : "IDE")} controller number {drive.Controller} at location {drive.Location}",
        VMId = machine.Id,
        VMName = machine.Name,
        ComputerName = Environment.MachineName,
    };

    public static VMNetworkAdapter Adapter(Machine machine, MachineAdapter adapter, HostState state) => new()
    {
        Id = adapter.Id,
        AdapterId = adapter.Id,
        Name = adapter.Name,
        MacAddress = adapter.Mac,
        DynamicMacAddressEnabled = adapter.DynamicMac,
        MacAddressSpoofing = adapter.MacSpoofing,
        SwitchId = adapter.SwitchId,
        SwitchName = state.Switches().Find(one => one.Id == adapter.SwitchId)?.Name ?? "",
        Connected = adapter.SwitchId is not null,
        IsSynthetic = true,
        // Filled by the guest's KVP daemon only (k3os#380, packer#8136); no guest here has it, so a knob says it.
        IPAddresses = state.Knobs.GuestAddresses.GetValueOrDefault(adapter.Mac) ?? [],
        VlanSetting = Vlan(adapter),
        VMId = machine.Id,
        VMName = machine.Name,
        ComputerName = Environment.MachineName,
    };

    public static VMNetworkAdapterVlanSetting Vlan(MachineAdapter adapter) => new()
    {
        OperationMode = adapter.AccessVlan == 0 ? VMNetworkAdapterVlanMode.Untagged : VMNetworkAdapterVlanMode.Access,
        AccessVlanId = adapter.AccessVlan,
    };

    /// <summary>The host's own end of a switch: named as the switch (WPD Get-VMNetworkAdapter -ManagementOS).</summary>
    public static VMInternalNetworkAdapter HostAdapter(SwitchState one) => new()
    {
        Id = $"Microsoft:{one.Id.ToString().ToUpperInvariant()}",
        Name = one.Name,
        SwitchId = one.Id,
        SwitchName = one.Name,
        IsManagementOs = true,
        // Assumed: the same Guid as the interface's.
        DeviceId = $"{{{one.Id.ToString().ToUpperInvariant()}}}",
        ComputerName = Environment.MachineName,
    };

    public static VMFirmware Firmware(Machine machine, HostState state) => new()
    {
        SecureBoot = machine.SecureBoot,
        SecureBootTemplate = machine.SecureBootTemplate,
        SecureBootTemplateId = SecureBootTemplates.All[machine.SecureBootTemplate],
        ConsoleMode = machine.ConsoleMode,
        PauseAfterBootFailure = machine.PauseAfterBootFailure,
        PreferredNetworkBootProtocol = IPProtocolPreference.IPv4,
        BootOrder = machine.BootOrder.Select(id => BootSource(machine, id, state)).ToArray(),
        VMId = machine.Id,
        VMName = machine.Name,
        ComputerName = Environment.MachineName,
    };

    public static VMSwitch Switch(SwitchState one) => new()
    {
        Id = one.Id,
        Name = one.Name,
        Notes = one.Notes,
        SwitchType = one.Type,
        AllowManagementOS = one.AllowManagementOS,
        NetAdapterInterfaceDescription = "",
        ComputerName = Environment.MachineName,
    };

    public static VMSnapshot Snapshot(Machine machine, MachineCheckpoint checkpoint, HostState state)
    {
        var held = checkpoint.Held;
        return new VMSnapshot
        {
            Id = checkpoint.Id,
            Name = checkpoint.Name,
            VMId = machine.Id,
            VMName = machine.Name,
            SnapshotType = SnapshotType.Standard,
            IsAutomaticCheckpoint = checkpoint.IsAutomatic,
            State = checkpoint.Memory is null ? VMState.Off : VMState.Saved,
            CreationTime = checkpoint.Created.ToLocalTime(),
            ParentSnapshotId = checkpoint.Parent,
            ParentSnapshotName = machine.Checkpoints.Find(one => one.Id == checkpoint.Parent)?.Name ?? "",
            // Notes travel into the checkpoint (windows-powershell-docs#2107).
            Notes = held.Notes,
            Path = machine.Path,
            Generation = machine.Generation,
            HardDrives = held.Drives.Where(drive => !drive.IsDvd).Select(drive => Disk(machine, drive)).ToArray(),
            DVDDrives = held.Drives.Where(drive => drive.IsDvd).Select(drive => Dvd(machine, drive)).ToArray(),
            NetworkAdapters = held.Adapters.Select(adapter => Adapter(machine, adapter, state)).ToList(),
            ComputerName = Environment.MachineName,
        };
    }

    public static List<VMIntegrationComponent> Integration(Machine machine, Knobs knobs) =>
        IntegrationService.All.Select(service => new VMIntegrationComponent
        {
            Id = $"Microsoft:{machine.Id.ToString().ToUpperInvariant()}\\{service.Id}",
            Name = knobs.Localized ? service.German : service.English,
            // Guest Service Interface is off until somebody turns it on (WPD Enable-VMIntegrationService).
            Enabled = service.English != "Guest Service Interface",
            VMId = machine.Id,
            VMName = machine.Name,
            ComputerName = Environment.MachineName,
        }).ToList();


    private static VMBootSource BootSource(Machine machine, string id, HostState state)
    {
        var drive = machine.Drives.Find(one => one.Id == id);
        var adapter = machine.Adapters.Find(one => one.Id == id);
        return new VMBootSource
        {
            BootType = drive is null ? VMBootSourceType.Network : VMBootSourceType.Drive,
            Device = drive is null ? Adapter(machine, adapter!, state) : drive.IsDvd ? Dvd(machine, drive) : Disk(machine, drive),
            VMId = machine.Id,
            VMName = machine.Name,
            ComputerName = Environment.MachineName,
        };
    }

    /// <summary>Configuration versions by build. Source: WSD Upgrade-virtual-machine-version [mem].</summary>
    private static string VersionOf(int build) => build switch
    {
        < 17763 => "8.0",
        < 20348 => "9.0",
        < 26100 => "11.0",
        _ => "12.0",
    };
}
