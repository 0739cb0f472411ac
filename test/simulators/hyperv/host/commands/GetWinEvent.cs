using System.Collections;
using System.Management.Automation;
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

    protected override void EndProcessing()
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
        foreach (var one in found) WriteObject(Record(one));
    }

    private string[] Values(string key) => FilterHashtable[key] is { } value ? LanguagePrimitives.ConvertTo<string[]>(value) : [];

    private static PSObject Record(LoggedEvent one)
    {
        var record = new PSObject();
        record.TypeNames.Insert(0, "System.Diagnostics.Eventing.Reader.EventLogRecord");
        object[] properties = [Property(one.VmName), Property(one.VmId.ToString().ToUpperInvariant())];
        foreach (var (name, value) in new (string, object)[]
                 {
                     ("Id", one.Id), ("ProviderName", one.Provider), ("LogName", one.Log), ("TimeCreated", one.At.ToLocalTime()),
                     ("RecordId", one.Record), ("Level", (byte)one.Level), ("Message", one.Message), ("Properties", properties),
                 })
            record.Properties.Add(new PSNoteProperty(name, value));
        return record;
    }

    private static PSObject Property(object value)
    {
        var property = new PSObject();
        property.Properties.Add(new PSNoteProperty("Value", value));
        return property;
    }
}
