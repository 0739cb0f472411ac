using System.Management.Automation;
using AzlVm.HyperV.Simulator;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>The classes that the scripts ask for, with what is true of the played host.</summary>
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

    protected override void EndProcessing() => CallTrace.Around($"Get-CimInstance {ClassName}", Answer);

    private void Answer()
    {
        if (Namespace.Equals(VirtualizationCim.Namespace, StringComparison.OrdinalIgnoreCase))
        {
            foreach (var instance in VirtualizationCim.Instances(ClassName, Filter)) WriteObject(instance);
            return;
        }
        var knobs = HostState.ReadKnobs(HostState.FolderFromEnvironment());
        WriteObject(ClassName.ToUpperInvariant() switch
        {
            "WIN32_PROCESSOR" => new[]
            {
                Instance(("VirtualizationFirmwareEnabled", knobs.VirtualizationInFirmware)),
            },
            "WIN32_SERVICE" => Named(knobs.Services, service => service.Split(' ') is var words
                ? [("State", words[0]), ("StartMode", words[1])] : []),
            "WIN32_OPTIONALFEATURE" => Named(knobs.Features, state => [("InstallState", state)]),
            "WIN32_DEVICEGUARD" => new[] { Instance(("VirtualizationBasedSecurityStatus", knobs.VirtualizationBasedSecurity)) },
            "WIN32_OPERATINGSYSTEM" => new[] { Instance(
                ("BuildNumber", $"{knobs.Build}"),
                ("Version", $"10.0.{knobs.Build}"),
                ("ProductType", knobs.Server ? 3u : 1u),
                ("FreePhysicalMemory", (ulong)(knobs.FreeMemoryBytes > 0 ? knobs.FreeMemoryBytes : knobs.MemoryBytes) / 1024)) },
            "WIN32_COMPUTERSYSTEM" => new[] { Instance(
                ("Name", Environment.MachineName),
                ("HypervisorPresent", knobs.HypervisorPresent),
                ("TotalPhysicalMemory", (ulong)knobs.MemoryBytes)) },
            _ => throw new NotSupportedException($"the simulator does not play the class {ClassName}"),
        }, true);
    }

    /// <summary>-Filter is a list of names, as in Name = 'vmms' OR Name = 'x'.</summary>
    private PSObject[] Named<T>(Dictionary<string, T> all, Func<T, (string Name, object Value)[]> facts) =>
        all.Where(one => Filter is null || Filter.Contains($"'{one.Key}'", StringComparison.OrdinalIgnoreCase))
            .Select(one => Instance([("Name", one.Key), .. facts(one.Value)])).ToArray();

    private PSObject Instance(params (string Name, object Value)[] members)
    {
        var result = new PSObject();
        result.TypeNames.Insert(0, $"Microsoft.Management.Infrastructure.CimInstance#{Namespace.Replace('\\', '/')}/{ClassName}");
        foreach (var (name, value) in members) result.Properties.Add(new PSNoteProperty(name, value));
        return result;
    }
}
