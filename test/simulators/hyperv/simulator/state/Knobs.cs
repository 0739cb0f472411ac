namespace AzlVm.HyperV.Simulator.State;

/// <summary>knobs.json in the state folder: what kind of host is played, and which faults it has.</summary>
public sealed class Knobs
{
    /// <summary>Of Windows: 14393, 17763, 22631, 26100.</summary>
    public int Build { get; set; } = 26100;
    /// <summary>Windows Server has no Default Switch; clients turn automatic checkpoints on.</summary>
    public bool Server { get; set; }
    /// <summary>German names of integration services and of the Default Switch.</summary>
    public bool Localized { get; set; }
    /// <summary>full; hyper-v-administrators: of that group only; none-silent: lists are empty, no error; or none-error: the permission text.</summary>
    public string Rights { get; set; } = "full";
    /// <summary>How long the import of the module takes, in milliseconds.</summary>
    public int ImportDelayMs { get; set; }
    /// <summary>How long after Start-VM the pipe is not there yet, in milliseconds.</summary>
    public int PipeAbsentMs { get; set; }
    /// <summary>How long after Start-VM the pipe is there and busy, in milliseconds; also after a reset, at which its client is hung up on.</summary>
    public int PipeBusyMs { get; set; }
    /// <summary>Code page of stdout's text: utf-8, or 850 for the OEM one.</summary>
    public string OutputEncoding { get; set; } = "utf-8";
    /// <summary>How long files stay held after Remove-VM of a machine with checkpoints, or Remove-VMSnapshot, in milliseconds; see HeldFiles.cs.</summary>
    public int MergeMs { get; set; }
    /// <summary>Of the host, in bytes. A machine with more startup memory does not start.</summary>
    public long MemoryBytes { get; set; } = 64L << 30;
    /// <summary>Writes what a first import writes on stderr: progress records as CLIXML.</summary>
    public bool ImportProgress { get; set; }
    /// <summary>Cmdlets that fail: name to the key of errors.json.</summary>
    public Dictionary<string, string> Faults { get; set; } = [];
    /// <summary>PowerShell is killed with -9 here: the cmdlet or the script that calls one, a space, and before, inside or after; see KillPoint.cs.</summary>
    public string KillAt { get; set; } = "";
    /// <summary>Processes and calls are noted in calls.jsonl; see CallTrace.cs.</summary>
    public bool TraceCalls { get; set; }
    /// <summary>FullLanguage or ConstrainedLanguage.</summary>
    public string LanguageMode { get; set; } = "FullLanguage";

    /// <summary>EditionID; empty: Professional, or ServerStandard on a server.</summary>
    public string Edition { get; set; } = "";
    public bool HypervisorPresent { get; set; } = true;
    /// <summary>Virtualization is switched on in the computer's firmware; asked only where no hypervisor runs.</summary>
    public bool VirtualizationInFirmware { get; set; } = true;
    /// <summary>Free memory in bytes; 0: all of it.</summary>
    public long FreeMemoryBytes { get; set; }
    /// <summary>The module Hyper-V is installed.</summary>
    public bool HasModule { get; set; } = true;
    /// <summary>Win32_OptionalFeature.InstallState by name: 1 enabled, 2 disabled, 3 absent.</summary>
    public Dictionary<string, uint> Features { get; set; } = new() { ["Microsoft-Hyper-V"] = 1 };
    /// <summary>Services by name: their state, a space, their start mode.</summary>
    public Dictionary<string, string> Services { get; set; } = new() { ["vmms"] = "Running Auto", ["SharedAccess"] = "Running Manual" };
    /// <summary>Registry values by key, a bar and name: HKEY_LOCAL_MACHINE\SOFTWARE\...|Name. Whole numbers are DWORDs.</summary>
    public Dictionary<string, string> Registry { get; set; } = [];
    /// <summary>Win32_DeviceGuard.VirtualizationBasedSecurityStatus: 2 is running.</summary>
    public uint VirtualizationBasedSecurity { get; set; }
    /// <summary>Execution policies by scope; what is not named is Undefined.</summary>
    public Dictionary<string, string> ExecutionPolicies { get; set; } = [];
    /// <summary>Of every path: NTFS, ReFS, exFAT.</summary>
    public string FileSystem { get; set; } = "NTFS";
    public long FreeDiskBytes { get; set; } = 500L << 30;
    /// <summary>Of every folder, by the names of System.IO.FileAttributes.</summary>
    public string FolderAttributes { get; set; } = "Directory";
    /// <summary>ReFS keeps checksums of what is written to folders.</summary>
    public bool Integrity { get; set; }
    /// <summary>Networks of the Host Networking Service.</summary>
    public List<HnsNetwork> Hns { get; set; } = [];
    /// <summary>Routes beside those of the host's own addresses, as prefixes.</summary>
    public List<string> Routes { get; set; } = ["0.0.0.0/0"];
    /// <summary>Whom the host has heard on its networks.</summary>
    public List<Neighbour> Neighbours { get; set; } = [];
    /// <summary>What guests tell by KVP: hardware address, twelve digits, to IP addresses.</summary>
    public Dictionary<string, string[]> GuestAddresses { get; set; } = [];
    /// <summary>Names of External switches that are there.</summary>
    public List<string> ExternalSwitches { get; set; } = [];
}

/// <summary>Type: NAT, ICS, Transparent, l2bridge.</summary>
public sealed record HnsNetwork(string Name, string Type, string Prefix);

/// <summary>The hardware address with dashes, as the neighbour table has it.</summary>
public sealed record Neighbour(string Address, string Mac, string State);
