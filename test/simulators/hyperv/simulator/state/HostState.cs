using System.Text.Json;
using System.Text.Json.Serialization;
using AzlVm.HyperV.Simulator.Machines;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>
/// The folder that AZL_SIM_STATE names: vms/GUID.json, switches.json, knobs.json, run/GUID (of a running machine).
/// Several processes share it; whoever holds an instance holds the folder's lock, and lock.holder says who that is.
/// </summary>
public sealed class HostState : IDisposable
{
    /// <summary>Fixed for every Default Switch. Source: canonical/multipass kDefaultHyperVSwitchGUID.</summary>
    public static readonly Guid DefaultSwitchId = new("c08cb7b8-9b3c-408e-8e30-5e16a3aeb444");

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>How .NET says that a file is open elsewhere: Linux' EWOULDBLOCK of flock(2), Windows' ERROR_SHARING_VIOLATION.</summary>
    private const int WouldBlock = 11, SharingViolation = unchecked((int)0x80070020);

    private readonly FileStream _lock;

    public string Folder { get; }
    public Knobs Knobs { get; }

    private HostState(string folder, FileStream held)
    {
        Folder = folder;
        _lock = held;
        Knobs = ReadKnobs(folder);
    }

    public static string FolderFromEnvironment() =>
        Environment.GetEnvironmentVariable("AZL_SIM_STATE")
        ?? throw new InvalidOperationException("AZL_SIM_STATE names no folder: the Hyper-V simulator has no state");

    /// <summary>
    /// <paramref name="purpose"/> is for whoever waits in vain meanwhile. A folder that is named is not made: a runner that
    /// outlives its host must not bring it back.
    /// </summary>
    public static HostState Open(string purpose, string? folder = null)
    {
        if (folder is null) Directory.CreateDirectory(System.IO.Path.Combine(folder = FolderFromEnvironment(), "vms"));
        FileStream? held = null;
        Patience.Until(Patience.Lock, () => (held = TryLock(folder)) is not null, () => $"the lock of {folder}: {Holder(folder)}", 3);
        try
        {
            File.WriteAllText(HolderFile(folder), $"process {Environment.ProcessId} has it for {purpose} ({Environment.CommandLine})");
            return new HostState(folder, held!);
        }
        catch
        {
            // Nobody else would give it back before this process ends, and a runner lives long.
            held!.Dispose();
            throw;
        }
    }

    /// <summary>Null where another has it.</summary>
    private static FileStream? TryLock(string folder)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault) when (fault.HResult is WouldBlock or SharingViolation)
        {
            return null;
        }
    }

    private static string Holder(string folder)
    {
        try
        {
            using var file = new FileStream(HolderFile(folder), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return new StreamReader(file).ReadToEnd();
        }
        catch (IOException fault)
        {
            return $"who has it is not known, {fault.Message}";
        }
    }

    private static string HolderFile(string folder) => System.IO.Path.Combine(folder, "lock.holder");

    public static Knobs ReadKnobs(string folder)
    {
        var path = System.IO.Path.Combine(folder, "knobs.json");
        var knobs = File.Exists(path) ? JsonSerializer.Deserialize<Knobs>(File.ReadAllText(path), Json)! : new Knobs();
        // What the stand-in of runas.exe takes away from the process that it starts.
        knobs.Rights = Environment.GetEnvironmentVariable("AZL_SIM_RIGHTS") ?? knobs.Rights;
        return knobs;
    }

    public string RunFolder(Guid id) => System.IO.Path.Combine(Folder, "run", id.ToString());

    public List<Machine> Machines() =>
        Directory.GetFiles(System.IO.Path.Combine(Folder, "vms"), "*.json")
            .Select(path => JsonSerializer.Deserialize<Machine>(File.ReadAllText(path), Json)!)
            .Select(WithoutDeadRunner)
            .OrderBy(machine => machine.Name, StringComparer.OrdinalIgnoreCase)
            .ToList();

    public Machine? Find(Guid id) => Machines().FirstOrDefault(machine => machine.Id == id);

    public void Save(Machine machine) => Write(MachineFile(machine.Id), machine);

    public void Delete(Machine machine)
    {
        File.Delete(MachineFile(machine.Id));
        var folder = RunFolder(machine.Id);
        if (!Directory.Exists(folder)) return;
        QemuHost.Current.RemoveSockets(folder);
        Directory.Delete(folder, true);
    }

    public List<SwitchState> Switches()
    {
        var path = System.IO.Path.Combine(Folder, "switches.json");
        var made = File.Exists(path) ? JsonSerializer.Deserialize<List<SwitchState>>(File.ReadAllText(path), Json)! : [];
        // A feature of clients only.
        return [.. made, .. Knobs.ExternalSwitches.Select(ExternalSwitch), .. Knobs.Server ? [] : new[] { DefaultSwitch() }];
    }

    public void SaveSwitches(IEnumerable<SwitchState> switches) =>
        Write(System.IO.Path.Combine(Folder, "switches.json"), switches.Where(one => one.Id != DefaultSwitchId && one.Type != VMSwitchType.External).ToList());

    public HostNetwork Network()
    {
        var path = System.IO.Path.Combine(Folder, "network.json");
        return File.Exists(path) ? JsonSerializer.Deserialize<HostNetwork>(File.ReadAllText(path), Json)! : new HostNetwork();
    }

    public void SaveNetwork(HostNetwork network) => Write(System.IO.Path.Combine(Folder, "network.json"), network);

    public static Machine Copy(Machine machine) =>
        JsonSerializer.Deserialize<Machine>(JsonSerializer.Serialize(machine, Json), Json)!;

    public void Dispose() => _lock.Dispose();

    private SwitchState DefaultSwitch() => new()
    {
        Id = DefaultSwitchId,
        Name = Knobs.Localized ? "Standardswitch" : "Default Switch",
        Type = VMSwitchType.Internal,
        AllowManagementOS = true,
    };

    /// <summary>Its id follows from its name, so that it is the same at each look.</summary>
    private static SwitchState ExternalSwitch(string name) => new()
    {
        Id = new Guid(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.UTF8.GetBytes(name))),
        Name = name,
        Type = VMSwitchType.External,
        AllowManagementOS = true,
    };

    private string MachineFile(Guid id) => System.IO.Path.Combine(Folder, "vms", $"{id}.json");

    /// <summary>A runner that was killed takes its machine with it, as a host's power cut does.</summary>
    private Machine WithoutDeadRunner(Machine machine)
    {
        if (machine.Runner is null || ProcessIdentity.IsAlive(machine.Runner)) return machine;
        machine.Runner = null;
        if (machine.Power is not VMState.Saved) machine.Power = VMState.Off;
        Save(machine);
        return machine;
    }

    private static void Write<T>(string path, T value)
    {
        var temporary = $"{path}.tmp";
        File.WriteAllText(temporary, JsonSerializer.Serialize(value, Json));
        File.Move(temporary, path, true);
    }
}
