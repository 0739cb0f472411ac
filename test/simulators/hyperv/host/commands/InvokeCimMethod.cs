using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using AzlVm.HyperV.Simulator;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>
/// Of an instance: GetVirtualSystemThumbnailImage. Of a class: Win32_Process.Create, a process that is nobody's child, outside the session that asked for it. On Windows the WMI
/// service is its parent; here setsid is.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "CimMethod")]
public sealed class InvokeCimMethod : PSCmdlet
{
    [Parameter(Mandatory = true, ParameterSetName = "ClassName")]
    public string ClassName { get; set; } = "";

    [Parameter(Mandatory = true, ParameterSetName = "CimInstance", ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter]
    public string Namespace { get; set; } = @"root\cimv2";

    [Parameter(Mandatory = true)]
    public string MethodName { get; set; } = "";

    [Parameter]
    public IDictionary Arguments { get; set; } = new Hashtable();

    protected override void EndProcessing() => CallTrace.Around($"Invoke-CimMethod {MethodName}", Answer);

    private void Answer()
    {
        if (InputObject is not null && MethodName.Equals("GetVirtualSystemThumbnailImage", StringComparison.OrdinalIgnoreCase))
        {
            WriteObject(VirtualizationCim.GetVirtualSystemThumbnailImage(Arguments));
            return;
        }
        if (!ClassName.Equals("Win32_Process", StringComparison.OrdinalIgnoreCase) || !MethodName.Equals("Create", StringComparison.OrdinalIgnoreCase))
            throw new NotSupportedException($"the simulator does not play {ClassName}.{MethodName}");
        var words = Words((string)Arguments["CommandLine"]!);
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in (string[])["sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1 &", "sh", .. words]) start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        process.WaitForExit();
        var result = new PSObject();
        result.Properties.Add(new PSNoteProperty("ReturnValue", process.ExitCode == 0 ? 0u : 8u));
        WriteObject(result);
    }

    /// <summary>The words of a Windows command line, with quotes around what has blanks.</summary>
    private static List<string> Words(string line)
    {
        var words = new List<string>();
        for (var at = 0; at < line.Length;)
        {
            if (line[at] == ' ') { at++; continue; }
            var end = line[at] == '"' ? line.IndexOf('"', at + 1) : line.IndexOf(' ', at);
            if (end < 0) end = line.Length;
            words.Add(line[at..end].TrimStart('"'));
            at = end + 1;
        }
        return words;
    }
}
