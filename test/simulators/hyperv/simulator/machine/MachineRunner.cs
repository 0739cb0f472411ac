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

    public static int Run(string state, Guid id)
    {
        Machine machine;
        string folder;
        using (var host = HostState.Open(state))
        {
            machine = host.Find(id) ?? throw new InvalidOperationException($"no machine {id} in {state}");
            folder = host.RunFolder(id);
        }
        Environment.CurrentDirectory = folder;
        List<(IGuestPipe Pipe, Thread Reader)> pipes = [];
        IRunningProgram? tpm = null;
        IRunningProgram? disks = null;
        try
        {
            var resumes = machine.Power == VMState.Saved || File.Exists(QemuCommands.MemoryFile);
            var firmware = GuestFirmware.Prepare(machine, folder);
            // Node takes its moment while the disks are opened.
            var asked = Task.Run(() => QemuCommands.For(machine, firmware, resumes));
            disks = StorageDaemon.Start(machine);
            var commands = asked.GetAwaiter().GetResult();
            if (commands.Tpm is { } command) tpm = StartTpm(command);
            using var qemu = Start(commands.Qemu);
            using var qmp = Qmp.ConnectTo(qemu, QemuCommands.RunnerSocket);
            for (var number = 1; number <= 2; number++)
                if (StartPipe(machine, number, state) is { } pipe) pipes.Add(pipe);
            if (resumes)
            {
                WaitForIncoming(qmp);
                File.Delete(QemuCommands.MemoryFile);
            }
            FollowFirmware(state, machine);
            qmp.Execute("cont");
            if (!resumes) Note(state, machine, "started");
            Update(state, id, one =>
            {
                one.Power = VMState.Running;
                one.Runner = ProcessIdentity.Of(Process.GetCurrentProcess());
            });
            File.WriteAllText(StartedFile, "");
            new Thread(() => EndWithState(state, id, qemu)) { IsBackground = true }.Start();
            qmp.Listen();
            qemu.WaitForExit();
            return 0;
        }
        catch (Exception fault)
        {
            Console.Error.WriteLine(fault);
            File.WriteAllText(FailedFile, fault.Message);
            return 1;
        }
        finally
        {
            foreach (var (pipe, reader) in pipes)
            {
                // What the guest wrote last is still on its way when QEMU has left.
                reader.Join();
                pipe.Dispose();
            }
            tpm?.Kill();
            if (disks is not null) StorageDaemon.End(disks);
            // Who hears that it is off may remove the folder, which on Windows nobody may stand in then.
            Environment.CurrentDirectory = state;
            Update(state, id, one =>
            {
                one.Runner = null;
                one.Power = File.Exists(Path.Combine(folder, QemuCommands.MemoryFile)) ? VMState.Saved : VMState.Off;
            });
        }
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
        if (!Directory.Exists(state)) return;
        using var host = HostState.Open(state);
        HyperVLog.Note(host, machine, outcome);
    }

    private static void Update(string state, Guid id, Action<Machine> change)
    {
        if (!File.Exists(Path.Combine(state, "vms", $"{id}.json"))) return;
        using var host = HostState.Open(state);
        if (host.Find(id) is not { } machine) return;
        change(machine);
        host.Save(machine);
    }

    /// <summary>The port's socket is joined to its pipe, both ways.</summary>
    private static (IGuestPipe, Thread)? StartPipe(Machine machine, int number, string state)
    {
        if (GuestPipe.LocalName(machine.ComPorts[number - 1]) is not { } name) return null;
        var port = QemuHost.Current.Connect(QemuCommands.ComSocket(number));
        var knobs = HostState.ReadKnobs(state);
        var pipe = GuestPipe.Serve(
            name, bytes => port.Write(bytes),
            TimeSpan.FromMilliseconds(knobs.PipeAbsentMs), TimeSpan.FromMilliseconds(knobs.PipeBusyMs));
        var reader = new Thread(() => ReadPort(port, pipe)) { IsBackground = true };
        reader.Start();
        return (pipe, reader);
    }

    private static void ReadPort(Stream port, IGuestPipe pipe)
    {
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = port.Read(buffer)) > 0;) pipe.FromGuest(buffer.AsSpan(0, count));
        }
        catch (IOException)
        {
            // QEMU left.
        }
    }

    private static IRunningProgram Start(string[] command) => QemuHost.Current.Start(command[0], command[1..]);

    private static IRunningProgram StartTpm(string[] command)
    {
        Directory.CreateDirectory(QemuCommands.TpmFolder);
        // One that was killed left it.
        File.Delete(QemuCommands.TpmReadyFile);
        var tpm = Start(command);
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!File.Exists(QemuCommands.TpmReadyFile))
        {
            if (tpm.HasExited || DateTime.UtcNow > deadline) throw new InvalidOperationException($"swtpm: {tpm.WaitForExit().Errors}");
            Thread.Sleep(10);
        }
        return tpm;
    }

    private static void WaitForIncoming(Qmp qmp)
    {
        while ($"{qmp.Execute("query-status")?["status"]}" == "inmigrate") Thread.Sleep(10);
    }

    /// <summary>Who removes the state's folder is done with its machines.</summary>
    private static void EndWithState(string state, Guid id, IRunningProgram qemu)
    {
        while (File.Exists(Path.Combine(state, "vms", $"{id}.json"))) Thread.Sleep(500);
        qemu.Kill();
    }
}
