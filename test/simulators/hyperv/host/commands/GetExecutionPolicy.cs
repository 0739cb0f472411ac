using System.Management.Automation;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>-List: one object for each scope, the strongest first.</summary>
[Cmdlet(VerbsCommon.Get, "ExecutionPolicy")]
public sealed class GetExecutionPolicy : PSCmdlet
{
    private static readonly string[] Scopes = ["MachinePolicy", "UserPolicy", "Process", "CurrentUser", "LocalMachine"];

    [Parameter]
    public SwitchParameter List { get; set; }

    /// <summary>AllSigned too: the scripts of a checkout are not signed.</summary>
    public static bool ForbidsScripts => Policies() is var policies
        && Scopes[..2].Select(scope => policies.GetValueOrDefault(scope, "Undefined")).FirstOrDefault(policy => policy != "Undefined")
            is "Restricted" or "AllSigned";

    protected override void EndProcessing()
    {
        if (!List) throw new NotSupportedException("the simulator plays Get-ExecutionPolicy -List only");
        foreach (var scope in Scopes)
        {
            var line = new PSObject();
            line.Properties.Add(new PSNoteProperty("Scope", scope));
            // powershell.exe was started with -ExecutionPolicy Bypass.
            line.Properties.Add(new PSNoteProperty("ExecutionPolicy", Policies().GetValueOrDefault(scope, scope == "Process" ? "Bypass" : "Undefined")));
            WriteObject(line);
        }
    }

    private static Dictionary<string, string> Policies() =>
        HostState.ReadKnobs(HostState.FolderFromEnvironment()).ExecutionPolicies;
}
