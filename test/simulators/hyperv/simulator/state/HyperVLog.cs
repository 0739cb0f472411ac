using System.Text.Json;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>One event of Hyper-V's logs, in events.jsonl of the state folder.</summary>
public sealed record LoggedEvent(long Record, DateTime At, string Log, string Provider, int Id, int Level, string Message, Guid VmId, string VmName);

public static class HyperVLog
{
    public const string WorkerLog = "Microsoft-Windows-Hyper-V-Worker-Admin";
    private const string Worker = "Microsoft-Windows-Hyper-V-Worker";
    private const int Information = 4;
    private const int Error = 2;

    /// <summary>
    /// What the worker process notes. Numbers and meanings: petri's powershell.rs (microsoft/openvmm); the texts are
    /// assumed, but that the machine's name and id are among an event's properties is known (hyperv.md section 6).
    /// </summary>
    public static void Note(HostState state, Machine machine, int id)
    {
        var (level, text) = id switch
        {
            18500 => (Information, "started successfully."),
            18601 => (Information, "successfully booted an operating system."),
            18602 => (Information, "successfully booted an operating system, but at least one boot source failed secure boot validation."),
            18603 => (Error, "failed to boot an operating system."),
            18604 => (Error, "failed to boot an operating system. At least one boot source failed secure boot validation."),
            18605 => (Error, "failed to boot an operating system. No bootable devices are configured."),
            _ => throw new ArgumentOutOfRangeException(nameof(id), id, "no such event"),
        };
        var path = FileIn(state.Folder);
        var record = File.Exists(path) ? File.ReadLines(path).Count() + 1 : 1;
        var message = $"'{machine.Name}' {text} (Virtual machine ID {machine.Id.ToString().ToUpperInvariant()})";
        var logged = new LoggedEvent(record, DateTime.UtcNow, WorkerLog, Worker, id, level, message, machine.Id, machine.Name);
        File.AppendAllText(path, $"{JsonSerializer.Serialize(logged)}\n");
    }

    /// <summary>Oldest first.</summary>
    public static IEnumerable<LoggedEvent> Read(string folder) =>
        File.Exists(FileIn(folder)) ? File.ReadAllLines(FileIn(folder)).Select(line => JsonSerializer.Deserialize<LoggedEvent>(line)!) : [];

    private static string FileIn(string folder) => System.IO.Path.Combine(folder, "events.jsonl");
}
