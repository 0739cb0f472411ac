using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator;

/// <summary>What an import of the module costs and says; the generated assemblies hand the engine's call on.</summary>
public static class ModuleImport
{
    public static void Happen()
    {
        var knobs = HostState.ReadKnobs(HostState.FolderFromEnvironment());
        if (knobs.ImportDelayMs > 0) Thread.Sleep(knobs.ImportDelayMs);
        if (knobs.ImportProgress) Console.Error.WriteLine(Progress);
    }

    /// <summary>What stands on stderr when it is a pipe. Source: inspec/train#153, phnx-labs/agi-cli#1270.</summary>
    private const string Progress =
        "#< CLIXML\r\n<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><Obj S=\"progress\" RefId=\"0\"><TN RefId=\"0\"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN><MS><I64 N=\"SourceId\">1</I64><PR N=\"Record\"><AV>Preparing modules for first use.</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj></Objs>";
}
