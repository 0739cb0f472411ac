using System.Diagnostics;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// The process that runs one machine, in the place of Hyper-V's worker process: QEMU, its TPM, its pipes. It outlives
/// the PowerShell that started it, ends with the machine, and where the machine's state is taken away.
/// </summary>
public static class MachineRunner
{
    public const string StartedFile = "started";
    public const string FailedFile = "failed";

    /// <summary>What one machine is made of while it runs.</summary>
    private sealed class Parts
    {
        public IRunningProgram? Disks { get; set; }
        public IRunningProgram? Tpm { get; set; }
        public IRunningProgram? Qemu { get; set; }
        public List<ServedPort> Ports { get; } = [];
    }

    public static int Run(string state, Guid id)
    {
        Machine machine;
        string folder;
        using (var host = HostState.Open(Purpose(id), state))
        {
            machine = host.Find(id) ?? throw new InvalidOperationException($"no machine {id} in {state}");
            folder = host.RunFolder(id);
        }
        Environment.CurrentDirectory = folder;
        var parts = new Parts();
        var isWhole = Tried(folder, () => Live(state, machine, folder, parts)) & Tried(folder, () => End(parts));
        // Who took the state away does not ask.
        if (!Directory.Exists(state)) return isWhole ? 0 : 1;
        // Who hears that it is off may remove the folder, which on Windows nobody may stand in then.
        Environment.CurrentDirectory = state;
        Update(state, id, one =>
        {
            one.Runner = null;
            one.Power = File.Exists(Path.Combine(folder, QemuCommands.MemoryFile)) ? VMState.Saved : VMState.Off;
        });
        return isWhole ? 0 : 1;
    }

    /// <summary>False where it threw: the cmdlet that waits for the machine finds the reason.</summary>
    private static bool Tried(string folder, Action act)
    {
        try
        {
            act();
            return true;
        }
        catch (Exception fault)
        {
            Console.Error.WriteLine(fault);
            if (!Directory.Exists(folder)) return false;
            var whole = Path.Combine(folder, FailedFile);
            File.WriteAllText($"{whole}.part", fault.Message);
            File.Move($"{whole}.part", whole, true);
            return false;
        }
    }

    /// <summary>From the first program to the end of QEMU.</summary>
    private static void Live(string state, Machine machine, string folder, Parts parts)
    {
        var resumes = machine.Power == VMState.Saved || File.Exists(QemuCommands.MemoryFile);
        var firmware = GuestFirmware.Prepare(machine, folder);
        // Node takes its moment while the disks are opened.
        var asked = Task.Run(() => QemuCommands.For(machine, firmware, resumes));
        parts.Disks = StorageDaemon.Start(machine);
        var commands = asked.GetAwaiter().GetResult();
        if (commands.Tpm is { } command) parts.Tpm = StartTpm(command);
        var qemu = parts.Qemu = Start(commands.Qemu);
        using var qmp = Qmp.ConnectTo(qemu, QemuCommands.RunnerSocket);
        for (var number = 1; number <= 2; number++)
            if (ServedPort.Start(machine, number, state) is { } port) parts.Ports.Add(port);
        if (resumes)
        {
            WaitForIncoming(qmp);
            File.Delete(QemuCommands.MemoryFile);
        }
        FollowFirmware(state, machine);
        qmp.Execute("cont");
        if (!resumes) Note(state, machine, "started");
        Update(state, machine.Id, one =>
        {
            one.Power = VMState.Running;
            one.Runner = ProcessIdentity.Of(Process.GetCurrentProcess());
        });
        File.WriteAllText(StartedFile, "");
        new Thread(() => EndWithState(state, machine.Id, qemu)) { IsBackground = true }.Start();
        qmp.Listen(name =>
        {
            if (name == "RESET") parts.Ports.ForEach(port => port.BeReset());
        });
        qemu.WaitForExit(Patience.Answer);
    }

    private static void End(Parts parts)
    {
        // It is gone, but where something failed while it ran; its ports' readers would wait for it.
        if (parts.Qemu is { HasExited: false } qemu) qemu.Kill();
        parts.Ports.ForEach(port => port.Dispose());
        parts.Tpm?.Kill();
        if (parts.Disks is { } disks) StorageDaemon.End(disks);
    }

    /// <summary>A boot's outcome becomes an event of Hyper-V's log.</summary>
    private static void FollowFirmware(string state, Machine machine)
    {
        var port = QemuHost.Current.Connect(QemuCommands.FirmwareSocket);
        var hasSources = machine.BootOrder.Count > 0;
        new Thread(() => FirmwareConsole.Follow(port, hasSources, outcome => Note(state, machine, outcome))) { IsBackground = true }.Start();
    }

    private static void Note(string state, Machine machine, string outcome)
    {
        using var host = OpenIfThere(state, machine.Id);
        if (host is not null) HyperVLog.Note(host, machine, outcome);
    }

    private static void Update(string state, Guid id, Action<Machine> change)
    {
        using var host = OpenIfThere(state, id);
        if (host?.Find(id) is not { } machine) return;
        change(machine);
        host.Save(machine);
    }

    /// <summary>Null where the state was taken away.</summary>
    private static HostState? OpenIfThere(string state, Guid id)
    {
        try
        {
            return HostState.Open(Purpose(id), state);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static string Purpose(Guid id) => $"the machine {id} that it runs";

    private static IRunningProgram Start(string[] command) => QemuHost.Current.Start(command[0], command[1..]);

    private static IRunningProgram StartTpm(string[] command)
    {
        Directory.CreateDirectory(QemuCommands.TpmFolder);
        // One that was killed left it.
        File.Delete(QemuCommands.TpmReadyFile);
        var tpm = Start(command);
        Patience.Until(Patience.Answer, () => File.Exists(QemuCommands.TpmReadyFile) || tpm.HasExited, () => "swtpm");
        if (tpm.HasExited) throw new InvalidOperationException($"swtpm: {tpm.WaitForExit(Patience.Answer).Errors}");
        return tpm;
    }

    private static void WaitForIncoming(Qmp qmp) =>
        Patience.Until(Patience.Work, () => $"{qmp.Execute("query-status")?["status"]}" != "inmigrate", () => "QEMU to read the memory");

    /// <summary>Who removes the state's folder is done with its machines.</summary>
    private static void EndWithState(string state, Guid id, IRunningProgram qemu)
    {
        while (File.Exists(Path.Combine(state, "vms", $"{id}.json"))) Thread.Sleep(500);
        qemu.Kill();
    }
}
