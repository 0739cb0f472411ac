using System.Diagnostics;
using System.Text.Json.Nodes;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>What a cmdlet does to a machine's process: start it, speak to it, wait for it.</summary>
public static class RunningMachine
{
    public static void Start(Call call, Machine machine)
    {
        var folder = call.State.RunFolder(machine.Id);
        Directory.CreateDirectory(folder);
        foreach (var mark in new[] { MachineRunner.StartedFile, MachineRunner.FailedFile }) File.Delete(Path.Combine(folder, mark));
        machine.Power = VMState.Starting;
        machine.Runner = ProcessIdentity.Of(Process.GetCurrentProcess());
        call.State.Save(machine);
        var state = call.State.Folder;
        call.Unlocked(() => Launch(state, folder, machine));
    }

    /// <summary>One command to QEMU's monitor.</summary>
    public static void Tell(Call call, Machine machine, string command, JsonObject? arguments = null)
    {
        using var qmp = Connect(call, machine);
        qmp.Execute(command, arguments);
    }

    /// <summary>The power cord. It waits until the machine is off, or saved.</summary>
    public static void PowerOff(Call call, Machine machine)
    {
        using (var qmp = Connect(call, machine))
        {
            // QEMU 7.2 takes no more writes to disks before it halts the processors: one that writes a variable then waits
            // for ever, and QEMU for it (seen; mended in its commit ca2a5e630dc1). Halted processors write nothing.
            if (qmp.Execute("stop") is not null) qmp.Execute("quit");
        }
        var folder = call.State.RunFolder(machine.Id);
        if (!WaitUntilOff(call, machine.Id, Patience.Work))
            throw new TimeoutException($"{machine.Name} is not off {Patience.Work.TotalSeconds} s after QEMU was told so; {LogOf(folder, machine.Runner)}");
        var failed = Path.Combine(folder, MachineRunner.FailedFile);
        if (File.Exists(failed)) throw new InvalidOperationException($"the runner of {machine.Name}: {File.ReadAllText(failed)}");
    }

    /// <summary>Writes the machine's memory beside it; the machine stands still meanwhile and afterwards.</summary>
    public static void WriteMemory(Call call, Machine machine, string file)
    {
        using var qmp = Connect(call, machine);
        qmp.Execute("stop");
        qmp.Execute("migrate-set-parameters", new JsonObject { ["max-bandwidth"] = 1L << 33 });
        qmp.Execute("migrate", new JsonObject { ["uri"] = $"exec:cat > '{QemuHost.Current.Named(file).Replace("'", "'\\''", StringComparison.Ordinal)}'" });
        Patience.Until(Patience.Work, () =>
        {
            var migration = qmp.Execute("query-migrate");
            if (migration is null || $"{migration["status"]}" == "failed")
                throw new InvalidOperationException($"QEMU did not write the memory: {migration?["error-desc"] ?? "it left"}");
            return $"{migration["status"]}" == "completed";
        }, () => $"QEMU to write the memory to {file}");
    }

    /// <summary>Returns whether the machine was off (or saved) in time; the state is free meanwhile.</summary>
    public static bool WaitUntilOff(Call call, Guid id, TimeSpan limit)
    {
        var state = call.State.Folder;
        var off = false;
        call.Unlocked(() =>
        {
            var deadline = DateTime.UtcNow + limit;
            while (!off && DateTime.UtcNow < deadline)
            {
                using (var host = HostState.Open($"{call.Name}, which waits for a machine to be off", state)) off = host.Find(id)?.Runner is null;
                if (!off) Thread.Sleep(20);
            }
        });
        return off;
    }

    private static void Launch(string state, string folder, Machine machine)
    {
        RunnerProcess.Start(folder, ["--run-machine", state, $"{machine.Id}"]);
        var failed = Path.Combine(folder, MachineRunner.FailedFile);
        Patience.Until(
            Patience.Work,
            () => File.Exists(Path.Combine(folder, MachineRunner.StartedFile)) || File.Exists(failed),
            () => $"the start of {machine.Name}; {LogOf(folder, null)}");
        if (File.Exists(failed)) throw new Refusal("start-failed", machine.Name, machine.Id, File.ReadAllText(failed));
    }

    private static Qmp Connect(Call call, Machine machine) => new(Path.Combine(call.State.RunFolder(machine.Id), QemuCommands.ControlSocket));

    private static string LogOf(string folder, Runner? runner)
    {
        var log = Path.Combine(folder, "runner.log");
        var said = File.Exists(log) ? File.ReadAllText(log).Trim() : "";
        return $"its runner{(runner is null ? "" : $" (process {runner.Pid})")} says: {(said == "" ? "nothing" : said)}";
    }
}
