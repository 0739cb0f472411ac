using System.Text.Json.Serialization;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>One virtual machine as Hyper-V would keep it in its .vmcx. Sizes are bytes.</summary>
public sealed class Machine
{
    public Guid Id { get; set; } = Guid.NewGuid();
    public string Name { get; set; } = "";
    public string Path { get; set; } = "";
    public int Generation { get; set; } = 1;
    public string Notes { get; set; } = "";
    public DateTime Created { get; set; } = DateTime.UtcNow;
    public long MemoryStartup { get; set; } = 512L << 20;
    public long MemoryMinimum { get; set; } = 512L << 20;
    public long MemoryMaximum { get; set; } = 1L << 40;
    public bool DynamicMemory { get; set; }
    public long Processors { get; set; } = 1;
    public bool NestedVirtualization { get; set; }
    public bool AutomaticCheckpoints { get; set; }
    public CheckpointType CheckpointType { get; set; } = CheckpointType.Production;
    public StartAction StartAction { get; set; } = StartAction.StartIfRunning;
    public StopAction StopAction { get; set; } = StopAction.Save;
    public OnOffState SecureBoot { get; set; } = OnOffState.On;
    public string SecureBootTemplate { get; set; } = State.SecureBootTemplates.Windows;
    public ConsoleModeType ConsoleMode { get; set; } = ConsoleModeType.Default;
    public OnOffState PauseAfterBootFailure { get; set; } = OnOffState.Off;
    public bool HasKeyProtector { get; set; }
    public bool Tpm { get; set; }
    /// <summary>COM1 and COM2; empty where nothing is connected.</summary>
    public string[] ComPorts { get; set; } = ["", ""];
    public List<MachineDrive> Drives { get; set; } = [];
    public List<MachineAdapter> Adapters { get; set; } = [];
    /// <summary>Ids of drives and adapters; firmware tries them in this order and nothing else.</summary>
    public List<string> BootOrder { get; set; } = [];
    public VMState Power { get; set; } = VMState.Off;
    public List<MachineCheckpoint> Checkpoints { get; set; } = [];
    public Guid? ParentCheckpoint { get; set; }
    /// <summary>The process that runs QEMU for it, while it runs.</summary>
    public Runner? Runner { get; set; }

    [JsonIgnore]
    public bool IsOff => Power == VMState.Off;
}

public sealed record Runner(int Pid, DateTime Started, long Moment);

public sealed class MachineDrive
{
    public string Id { get; set; } = Guid.NewGuid().ToString().ToUpperInvariant();
    public bool IsDvd { get; set; }
    public int Controller { get; set; }
    public int Location { get; set; }
    /// <summary>Empty: an empty optical drive.</summary>
    public string Path { get; set; } = "";
}

public sealed class MachineAdapter
{
    public string Id { get; set; } = Guid.NewGuid().ToString().ToUpperInvariant();
    public string Name { get; set; } = "Network Adapter";
    public Guid? SwitchId { get; set; }
    public bool DynamicMac { get; set; } = true;
    /// <summary>Twelve hex digits; zeros until the first start where it is dynamic.</summary>
    public string Mac { get; set; } = "000000000000";
    public OnOffState MacSpoofing { get; set; } = OnOffState.Off;
    /// <summary>0: untagged.</summary>
    public int AccessVlan { get; set; }
}

public sealed class MachineCheckpoint
{
    public Guid Id { get; set; } = Guid.NewGuid();
    public string Name { get; set; } = "";
    public Guid? Parent { get; set; }
    public DateTime Created { get; set; } = DateTime.UtcNow;
    public bool IsAutomatic { get; set; }
    /// <summary>The machine as it was, without its checkpoints.</summary>
    public Machine Held { get; set; } = new();
    /// <summary>The file that holds its memory; null where it was off.</summary>
    public string? Memory { get; set; }
}

public sealed class SwitchState
{
    public Guid Id { get; set; } = Guid.NewGuid();
    public string Name { get; set; } = "";
    public VMSwitchType Type { get; set; }
    public string Notes { get; set; } = "";
    public bool AllowManagementOS { get; set; }
}

public static class SecureBootTemplates
{
    public const string Windows = "MicrosoftWindows";
    public const string UefiCa = "MicrosoftUEFICertificateAuthority";
    public const string OpenSourceShielded = "OpenSourceShieldedVM";

    /// <summary>The ids are assumed; the names are Microsoft's (WSD Generation-2-virtual-machine-security-settings).</summary>
    public static readonly IReadOnlyDictionary<string, Guid> All = new Dictionary<string, Guid>(StringComparer.OrdinalIgnoreCase)
    {
        [Windows] = new("1734c6e8-3154-4dda-ba5f-a874cc483422"),
        [UefiCa] = new("272e7447-90a4-4563-a4b9-8e4ab00526ce"),
        [OpenSourceShielded] = new("4292ae2b-ee2c-42b5-a969-dd8f8689f6f3"),
    };
}
