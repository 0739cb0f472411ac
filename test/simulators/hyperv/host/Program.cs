using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Text;
using AzlVm.HyperV.Host.Commands;
using AzlVm.HyperV.Host.Windows;
using AzlVm.HyperV.Simulator;
using AzlVm.HyperV.Simulator.Machines;
using AzlVm.HyperV.Simulator.State;
using Microsoft.PowerShell;

namespace AzlVm.HyperV.Host;

/// <summary>
/// The true PowerShell engine behind powershell.exe's command line: 0; 1 after a terminating error; n after
/// <c>exit n</c>. stdin is left to the script. With --run-machine it is the process that runs one machine.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args is ["--run-machine", var folder, var id]) return MachineRunner.Run(folder, Guid.Parse(id));
        var arguments = Arguments.Parse(args);
        if (arguments is { File: null, Code: null })
        {
            Console.Error.WriteLine(arguments.Fault);
            return -196608; // powershell.exe's own code for a -File that it cannot use
        }
        var knobs = HostState.ReadKnobs(HostState.FolderFromEnvironment());
        CallTrace.NoteProcess(HostState.FolderFromEnvironment(), knobs, Path.GetFileName(arguments.File ?? "-Command"));
        Environment.SetEnvironmentVariable("PSModulePath", ModuleFolders(knobs));
        Environment.SetEnvironmentVariable("PSModuleAnalysisCachePath", OperatingSystem.IsWindows() ? "NUL" : "/dev/null");
        using var output = new StreamWriter(Console.OpenStandardOutput(), EncodingOf(knobs)) { AutoFlush = true };
        var host = new ScriptHost(output, Console.Error);
        PlayedTypes.Register(knobs);
        using var runspace = RunspaceFactory.CreateRunspace(host, SessionState(arguments));
        runspace.Open();
        Windows51.Apply(runspace, knobs);
        return Run(runspace, host, output, arguments);
    }

    private static int Run(Runspace runspace, ScriptHost host, TextWriter output, Arguments arguments)
    {
        using var shell = PowerShell.Create(runspace);
        if (arguments.Code is { } code) shell.AddScript(code);
        else if (WhyNotRun(arguments.File!) is { } fault)
        {
            Console.Error.WriteLine(fault.Text);
            return fault.ExitCode;
        }
        else shell.AddCommand(Path.GetFullPath(arguments.File!));
        AddScriptArguments(shell, arguments.ScriptArguments);
        shell.Streams.Error.DataAdded += (_, added) => host.WriteError(shell.Streams.Error[added.Index]);
        using var results = new PSDataCollection<PSObject>();
        results.DataAdded += (_, added) => output.WriteLine(results[added.Index]?.ToString());
        try
        {
            shell.Invoke<PSObject, PSObject>(null, results, new PSInvocationSettings { Host = host });
        }
        catch (RuntimeException fault)
        {
            if (!host.ShouldExit) host.WriteError(fault.ErrorRecord);
            return host.ShouldExit ? host.ExitCode : 1;
        }
        return host.ShouldExit ? host.ExitCode : LastExitCode(runspace);
    }

    /// <summary>Group Policy overrules -ExecutionPolicy; what powershell.exe says then is in many issues, minikube#2574 for one.</summary>
    private static (string Text, int ExitCode)? WhyNotRun(string file)
    {
        if (!File.Exists(file))
            return ($"The argument '{file}' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter.", -196608);
        if (!GetExecutionPolicy.ForbidsScripts) return null;
        return ($"File {file} cannot be loaded because running scripts is disabled on this system. For more information, see about_Execution_Policies at https:/go.microsoft.com/fwlink/?LinkID=135170.\n    + CategoryInfo          : SecurityError: (:) [], ParentContainsErrorRecordException\n    + FullyQualifiedErrorId : UnauthorizedAccess", 1);
    }

    /// <summary>-Name value pairs bind by name, as with -File; the rest by position.</summary>
    private static void AddScriptArguments(PowerShell shell, IReadOnlyList<string> arguments)
    {
        for (var at = 0; at < arguments.Count; at++)
        {
            var isName = arguments[at].StartsWith('-') && arguments[at].Length > 1 && char.IsLetter(arguments[at][1]);
            if (!isName) shell.AddArgument(arguments[at]);
            else if (at + 1 < arguments.Count && !arguments[at + 1].StartsWith('-')) shell.AddParameter(arguments[at][1..], arguments[++at]);
            else shell.AddParameter(arguments[at][1..]);
        }
    }

    /// <summary>`exit n` in a script that is called leaves n here.</summary>
    private static int LastExitCode(Runspace runspace) =>
        runspace.SessionStateProxy.GetVariable("LASTEXITCODE") is int code ? code : 0;

    private static InitialSessionState SessionState(Arguments arguments)
    {
        var state = InitialSessionState.CreateDefault2();
        // The engine knows a policy on Windows only; there a script that nobody allowed is refused.
        if (OperatingSystem.IsWindows() && arguments.ExecutionPolicy is { } policy) state.ExecutionPolicy = Enum.Parse<ExecutionPolicy>(policy, true);
        state.ThreadOptions = PSThreadOptions.UseCurrentThread;
        foreach (var (name, type) in StandIns.All) state.Commands.Add(new SessionStateCmdletEntry(name, type, null));
        return state;
    }

    private static string ModuleFolders(Knobs knobs)
    {
        string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "..", name);
        var windows = Folder("modules-windows");
        if (!knobs.HasModule) return windows;
        return $"{Folder(knobs.Build == 14393 ? "modules-14393" : "modules")}{Path.PathSeparator}{windows}";
    }

    private static Encoding EncodingOf(Knobs knobs)
    {
        if (knobs.OutputEncoding == "utf-8") return new UTF8Encoding(false);
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        return Encoding.GetEncoding(int.Parse(knobs.OutputEncoding));
    }
}
