using System.Management.Automation;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>The classes that the scripts ask for: Win32_OperatingSystem and Win32_ComputerSystem, with what is true of the played host.</summary>
[Cmdlet(VerbsCommon.Get, "CimInstance")]
public sealed class GetCimInstance : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)]
    public string ClassName { get; set; } = "";

    [Parameter]
    public string Namespace { get; set; } = @"root\cimv2";

    [Parameter]
    public string? Filter { get; set; }

    [Parameter]
    public string[]? Property { get; set; }

    protected override void EndProcessing()
    {
        var knobs = HostState.ReadKnobs(HostState.FolderFromEnvironment());
        WriteObject(ClassName.ToUpperInvariant() switch
        {
            "WIN32_OPERATINGSYSTEM" => Instance(
                ("BuildNumber", $"{knobs.Build}"),
                ("Version", $"10.0.{knobs.Build}"),
                ("ProductType", knobs.Server ? 3u : 1u),
                ("FreePhysicalMemory", (ulong)knobs.MemoryBytes / 1024)),
            "WIN32_COMPUTERSYSTEM" => Instance(
                ("Name", Environment.MachineName),
                ("HypervisorPresent", true),
                ("TotalPhysicalMemory", (ulong)knobs.MemoryBytes)),
            _ => throw new NotSupportedException($"the simulator does not play the class {ClassName}"),
        });
    }

    private PSObject Instance(params (string Name, object Value)[] members)
    {
        var result = new PSObject();
        result.TypeNames.Insert(0, $"Microsoft.Management.Infrastructure.CimInstance#{Namespace.Replace('\\', '/')}/{ClassName}");
        foreach (var (name, value) in members) result.Properties.Add(new PSNoteProperty(name, value));
        return result;
    }
}
