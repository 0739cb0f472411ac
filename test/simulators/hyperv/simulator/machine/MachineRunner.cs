using System.Diagnostics;
using System.Net.Sockets;
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
        List<(PipeServer Server, Thread Reader)> pipes = [];
        Process? tpm = null;
        try
        {
            var firmware = GuestFirmware.Prepare(machine, folder);
            if (machine.Tpm) tpm = StartTpm();
            var arguments = QemuArguments.For(machine, firmware);
            var memory = Path.Combine(folder, "memory.bin");
            var resumes = machine.Power == VMState.Saved || File.Exists(memory);
            if (resumes) arguments.AddRange(["-incoming", "exec:cat memory.bin"]);
            using var qemu = StartChild("qemu-system-x86_64", arguments);
            var errors = qemu.StandardError.ReadToEndAsync();
            using var qmp = WaitFor(() => new Qmp(QemuArguments.RunnerSocket), qemu, errors);
            for (var number = 1; number <= 2; number++)
                if (StartPipe(machine, number, state) is { } pipe) pipes.Add(pipe);
            if (resumes)
            {
                WaitForIncoming(qmp);
                File.Delete(memory);
            }
            qmp.Execute("cont");
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
            foreach (var (server, reader) in pipes)
            {
                // What the guest wrote last is still on its way when QEMU has left.
                reader.Join();
                server.Dispose();
            }
            tpm?.Kill();
            Update(state, id, one =>
            {
                one.Runner = null;
                one.Power = File.Exists("memory.bin") ? VMState.Saved : VMState.Off;
            });
        }
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
    private static (PipeServer, Thread)? StartPipe(Machine machine, int number, string state)
    {
        if (PipeServer.UnixPath(machine.ComPorts[number - 1]) is not { } path) return null;
        var port = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        port.Connect(new UnixDomainSocketEndPoint(QemuArguments.ComSocket(number)));
        var knobs = HostState.ReadKnobs(state);
        var server = new PipeServer(
            path, bytes => port.Send(bytes),
            TimeSpan.FromMilliseconds(knobs.PipeAbsentMs), TimeSpan.FromMilliseconds(knobs.PipeBusyMs));
        var reader = new Thread(() => ReadPort(port, server)) { IsBackground = true };
        reader.Start();
        return (server, reader);
    }

    private static void ReadPort(Socket port, PipeServer server)
    {
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = port.Receive(buffer)) > 0;) server.FromGuest(buffer.AsSpan(0, count));
        }
        catch (SocketException)
        {
            // QEMU left.
        }
    }

    private static Process StartTpm()
    {
        Directory.CreateDirectory("tpm");
        var tpm = StartChild("swtpm",
            ["socket", "--tpm2", "--tpmstate", "dir=tpm", "--ctrl", $"type=unixio,path={QemuArguments.TpmSocket}"]);
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!File.Exists(QemuArguments.TpmSocket))
        {
            if (tpm.HasExited || DateTime.UtcNow > deadline) throw new InvalidOperationException($"swtpm: {tpm.StandardError.ReadToEnd()}");
            Thread.Sleep(10);
        }
        return tpm;
    }

    /// <summary>A child that dies with this process.</summary>
    private static Process StartChild(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("setpriv") { RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in new[] { "--pdeathsig", "KILL", program }.Concat(arguments)) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static Qmp WaitFor(Func<Qmp> connect, Process qemu, Task<string> errors)
    {
        while (true)
        {
            try
            {
                return connect();
            }
            catch (SocketException)
            {
                if (qemu.HasExited) throw new InvalidOperationException($"QEMU: {errors.Result.Trim()}");
                Thread.Sleep(10);
            }
        }
    }

    private static void WaitForIncoming(Qmp qmp)
    {
        while ($"{qmp.Execute("query-status")?["status"]}" == "inmigrate") Thread.Sleep(10);
    }

    /// <summary>Who removes the state's folder is done with its machines.</summary>
    private static void EndWithState(string state, Guid id, Process qemu)
    {
        while (File.Exists(Path.Combine(state, "vms", $"{id}.json"))) Thread.Sleep(500);
        qemu.Kill();
    }
}
