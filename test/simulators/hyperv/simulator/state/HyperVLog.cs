using System.Globalization;
using System.Text.Json;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>One event of Hyper-V's logs, in events.jsonl of the state folder.</summary>
public sealed record LoggedEvent(
    long Record, DateTime At, string Log, string Provider, int Id, int Level, string Message, string Xml, Guid VmId, string VmName);

/// <summary>What is noted is in events.json: by the name of what happened, the event's number and its words.</summary>
public static class HyperVLog
{
    private static readonly Lazy<EventsFile> Known = new(() => Fixture.Read<EventsFile>("events.json"));

    private sealed record EventsFile(Dictionary<string, int> Outcomes, Dictionary<string, KnownEvent> Events);

    private sealed record KnownEvent(string Provider, string Log, int Level, string Message, string? Xml);

    /// <summary>Notes an outcome that events.json names; nothing where such a host writes no event of it.</summary>
    public static void Note(HostState state, Machine machine, string outcome)
    {
        var id = Known.Value.Outcomes[outcome];
        if (id == 0) return;
        var known = Known.Value.Events[id.ToString(CultureInfo.InvariantCulture)];
        var path = FileIn(state.Folder);
        var record = File.Exists(path) ? File.ReadLines(path).Count() + 1 : 1;
        var at = DateTime.UtcNow;
        string Filled(string text, Func<string, string> escaped) => text
            .Replace("{0}", escaped(machine.Name), StringComparison.Ordinal)
            .Replace("{1}", machine.Id.ToString().ToUpperInvariant(), StringComparison.Ordinal)
            .Replace("{2}", $"{record}", StringComparison.Ordinal)
            .Replace("{3}", at.ToString("o", CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var xml = Filled(known.Xml ?? AssumedXml(id, known), text => System.Security.SecurityElement.Escape(text));
        var logged = new LoggedEvent(record, at, known.Log, known.Provider, id, known.Level, Filled(known.Message, text => text), xml, machine.Id, machine.Name);
        File.AppendAllText(path, $"{JsonSerializer.Serialize(logged)}\n");
    }

    /// <summary>Oldest first.</summary>
    public static IEnumerable<LoggedEvent> Read(string folder) =>
        File.Exists(FileIn(folder)) ? File.ReadAllLines(FileIn(folder)).Select(line => JsonSerializer.Deserialize<LoggedEvent>(line)!) : [];

    /// <summary>The elements of every event (Windows' event schema); that name and id are its properties is known (hyperv.md section 6).</summary>
    private static string AssumedXml(int id, KnownEvent known) =>
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        + $"<Provider Name='{known.Provider}'/><EventID>{id}</EventID><Level>{known.Level}</Level><TimeCreated SystemTime='{{3}}'/>"
        + $"<EventRecordID>{{2}}</EventRecordID><Channel>{known.Log}</Channel><Computer>localhost</Computer></System>"
        + "<UserData><VmlEventLog><VmName>{0}</VmName><VmId>{1}</VmId></VmlEventLog></UserData></Event>";

    private static string FileIn(string folder) => System.IO.Path.Combine(folder, "events.jsonl");
}
