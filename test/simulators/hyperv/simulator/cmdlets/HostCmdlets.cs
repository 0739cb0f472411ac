using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;
using Microsoft.Virtualization.Client.Management;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class HostCmdlets
{
    [Plays("Get-VMHost")]
    public static void GetHost(Call call) => call.Write(new VMHost
    {
        Name = Environment.MachineName,
        FullyQualifiedDomainName = Environment.MachineName,
        ComputerName = Environment.MachineName,
        LogicalProcessorCount = Environment.ProcessorCount,
        MemoryCapacity = call.State.Knobs.MemoryBytes,
        VirtualMachinePath = DefaultFolder(call),
        VirtualHardDiskPath = Path.Combine(DefaultFolder(call), "Virtual Hard Disks"),
        MacAddressMinimum = MacAddress.Minimum,
        MacAddressMaximum = MacAddress.Maximum,
        EnableEnhancedSessionMode = !call.State.Knobs.Server,
        SecureBootTemplates = SecureBootTemplates.All.Select(pair => new SecureBootTemplate { Name = pair.Key, Id = pair.Value }).ToList(),
    });

    /// <summary>The host's own folder for machines that name none.</summary>
    public static string DefaultFolder(Call call) => Path.Combine(call.State.Folder, "hyper-v");
}
