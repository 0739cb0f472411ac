using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class HardwareCmdlets
{
    [Plays("Set-VMMemory")]
    public static void SetMemory(Call call)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (call.Has("DynamicMemoryEnabled") || call.Has("StartupBytes")) PowerState.RequireOff(machine, "Memory");
            machine.DynamicMemory = call.Get("DynamicMemoryEnabled", machine.DynamicMemory);
            machine.MemoryStartup = call.Get("StartupBytes", machine.MemoryStartup);
            machine.MemoryMinimum = call.Get("MinimumBytes", machine.MemoryMinimum);
            machine.MemoryMaximum = call.Get("MaximumBytes", machine.MemoryMaximum);
            call.State.Save(machine);
        }
    }

    [Plays("Get-VMMemory")]
    public static void GetMemory(Call call)
    {
        foreach (var machine in call.Machines())
            call.Write(new VMMemory
            {
                Name = "Memory",
                Startup = machine.MemoryStartup,
                Minimum = machine.MemoryMinimum,
                Maximum = machine.MemoryMaximum,
                DynamicMemoryEnabled = machine.DynamicMemory,
                VMId = machine.Id,
                VMName = machine.Name,
            });
    }

    [Plays("Set-VMProcessor")]
    public static void SetProcessor(Call call)
    {
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.RequireOff(machine, "Processor");
            machine.Processors = call.Get("Count", machine.Processors);
            machine.NestedVirtualization = call.Get("ExposeVirtualizationExtensions", machine.NestedVirtualization);
            call.State.Save(machine);
        }
    }

    [Plays("Get-VMProcessor")]
    public static void GetProcessor(Call call)
    {
        foreach (var machine in call.Machines())
            call.Write(new VMProcessor
            {
                Name = "Processor",
                Count = machine.Processors,
                ExposeVirtualizationExtensions = machine.NestedVirtualization,
                VMId = machine.Id,
                VMName = machine.Name,
            });
    }

    [Plays("Get-VMComPort")]
    public static void GetComPort(Call call)
    {
        foreach (var machine in call.Machines())
            for (var number = 1; number <= 2; number++)
                if (!call.Has("Number") || call.Get("Number", 0) == number) call.Write(Views.ComPort(machine, number));
    }

    /// <summary>A null or empty path disconnects (WPD Set-VMComPort).</summary>
    [Plays("Set-VMComPort")]
    public static void SetComPort(Call call)
    {
        foreach (var (machine, number) in ComPorts(call))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.RequireOff(machine, $"COM {number}");
            if (call.Has("Path")) machine.ComPorts[number - 1] = call.Text("Path");
            call.State.Save(machine);
            if (call.Switch("Passthru")) call.Write(Views.ComPort(machine, number));
        }
    }

    [Plays("Get-VMIntegrationService")]
    public static void GetIntegrationService(Call call)
    {
        foreach (var machine in call.Machines())
            foreach (var service in Views.Integration(machine, call.State.Knobs)) call.Write(service);
    }

    private static IEnumerable<(Machine Machine, int Number)> ComPorts(Call call)
    {
        if (!call.Has("VMComPort")) return call.Machines().Select(machine => (machine, call.Get("Number", 1)));
        return call.Get<VMComPort[]>("VMComPort", []).Select(port => (call.ById(port.VMId), port.Name.EndsWith('1') ? 1 : 2));
    }
}
