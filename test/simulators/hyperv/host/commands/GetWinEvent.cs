using System.Collections;
using System.Management.Automation;
using AzlVm.HyperV.Simulator;
using AzlVm.HyperV.Simulator.State;

namespace Microsoft.PowerShell.Commands;

/// <summary>Get-WinEvent -FilterHashtable with LogName, StartTime, Id and ProviderName, on Hyper-V's logs.</summary>
[Cmdlet(VerbsCommon.Get, "WinEvent")]
public sealed class GetWinEventCommand : PSCmdlet
{
    [Parameter(Mandatory = true)]
    public Hashtable FilterHashtable { get; set; } = [];

    [Parameter]
    public SwitchParameter Oldest { get; set; }

    protected override void EndProcessing() => CallTrace.Around("Get-WinEvent", Answer);

    private void Answer()
    {
        var logs = Values("LogName");
        var providers = Values("ProviderName");
        var ids = Values("Id");
        var start = FilterHashtable["StartTime"] is { } time ? LanguagePrimitives.ConvertTo<DateTime>(time).ToUniversalTime() : DateTime.MinValue;
        var found = HyperVLog.Read(HostState.FolderFromEnvironment())
            .Where(one => logs.Contains(one.Log, StringComparer.OrdinalIgnoreCase) && one.At >= start)
            .Where(one => (providers.Length == 0 || providers.Contains(one.Provider)) && (ids.Length == 0 || ids.Contains($"{one.Id}")))
            .ToList();
        if (!Oldest) found.Reverse();
        if (found.Count == 0)
            WriteError(new ErrorRecord(
                new InvalidOperationException("No events were found that match the specified selection criteria."),
                "NoMatchingEventsFound", ErrorCategory.ObjectNotFound, null));
        foreach (var one in found) WriteObject(new PlayedEvent(one));
    }

    private string[] Values(string key) => FilterHashtable[key] is { } value ? LanguagePrimitives.ConvertTo<string[]>(value) : [];
}

/// <summary>What a script uses of System.Diagnostics.Eventing.Reader.EventLogRecord.</summary>
public sealed class PlayedEvent(LoggedEvent logged)
{
    public int Id => logged.Id;
    public string ProviderName => logged.Provider;
    public string LogName => logged.Log;
    public DateTime TimeCreated => logged.At.ToLocalTime();
    public long RecordId => logged.Record;
    public byte Level => (byte)logged.Level;
    public string Message => logged.Message;
    public IList<PlayedEventProperty> Properties =>
        [new(logged.VmName), new(logged.VmId.ToString().ToUpperInvariant())];

    public string ToXml() => logged.Xml;
}

public sealed record PlayedEventProperty(object Value);
