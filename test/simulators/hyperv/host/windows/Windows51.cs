using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Host.Windows;

/// <summary>What a script asks to learn where it runs; the engine itself stays 7's.</summary>
internal static class Windows51
{
    public static void Apply(Runspace runspace, Knobs knobs)
    {
        var versions = (Hashtable)runspace.SessionStateProxy.GetVariable("PSVersionTable");
        versions["PSVersion"] = new Version(5, 1, knobs.Build, 1);
        versions["PSEdition"] = "Desktop";
        versions["BuildVersion"] = new Version(10, 0, knobs.Build, 1);
        versions["CLRVersion"] = new Version(4, 0, 30319, 42000);
        runspace.SessionStateProxy.SetVariable("ErrorView", "NormalView");
        if (knobs.LanguageMode != "FullLanguage")
            runspace.SessionStateProxy.LanguageMode = Enum.Parse<PSLanguageMode>(knobs.LanguageMode);
    }
}
