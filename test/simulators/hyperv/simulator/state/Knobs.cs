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
    /// <summary>full; or none-silent: lists are empty, no error; or none-error: the permission text.</summary>
    public string Rights { get; set; } = "full";
    /// <summary>How long the import of the module takes, in milliseconds.</summary>
    public int ImportDelayMs { get; set; }
    /// <summary>How long after Start-VM the pipe is not there yet, in milliseconds.</summary>
    public int PipeAbsentMs { get; set; }
    /// <summary>How long after Start-VM the pipe is there and busy, in milliseconds.</summary>
    public int PipeBusyMs { get; set; }
    /// <summary>Code page of stdout's text: utf-8, or 850 for the OEM one.</summary>
    public string OutputEncoding { get; set; } = "utf-8";
    /// <summary>How long files stay held after Remove-VM of a machine with checkpoints, or Remove-VMSnapshot, in milliseconds.</summary>
    public int MergeMs { get; set; }
    /// <summary>Of the host, in bytes. A machine with more startup memory does not start.</summary>
    public long MemoryBytes { get; set; } = 64L << 30;
    /// <summary>Writes what a first import writes on stderr: progress records as CLIXML.</summary>
    public bool ImportProgress { get; set; }
    /// <summary>Cmdlets that fail: name to the key of errors.json.</summary>
    public Dictionary<string, string> Faults { get; set; } = [];
    /// <summary>PowerShell is killed with -9 here: the cmdlet, a space, and before, inside or after; see KillPoint.cs.</summary>
    public string KillAt { get; set; } = "";
    /// <summary>FullLanguage or ConstrainedLanguage.</summary>
    public string LanguageMode { get; set; } = "FullLanguage";
}
