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
        using var qmp = new Qmp(Path.Combine(call.State.RunFolder(machine.Id), QemuCommands.ControlSocket));
        qmp.Execute(command, arguments);
    }

    /// <summary>Writes the machine's memory beside it; the machine stands still meanwhile and afterwards.</summary>
    public static void WriteMemory(Call call, Machine machine, string file)
    {
        using var qmp = new Qmp(Path.Combine(call.State.RunFolder(machine.Id), QemuCommands.ControlSocket));
        qmp.Execute("stop");
        qmp.Execute("migrate-set-parameters", new JsonObject { ["max-bandwidth"] = 1L << 33 });
        qmp.Execute("migrate", new JsonObject { ["uri"] = $"exec:cat > '{QemuHost.Current.Named(file).Replace("'", "'\\''", StringComparison.Ordinal)}'" });
        while (true)
        {
            var migration = qmp.Execute("query-migrate");
            if ($"{migration?["status"]}" == "completed") return;
            if (migration is null || $"{migration["status"]}" == "failed")
                throw new InvalidOperationException($"QEMU did not write the memory: {migration?["error-desc"] ?? "it left"}");
            Thread.Sleep(10);
        }
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
                using (var host = HostState.Open(state)) off = host.Find(id)?.Runner is null;
                if (!off) Thread.Sleep(20);
            }
        });
        return off;
    }

    private static void Launch(string state, string folder, Machine machine)
    {
        RunnerProcess.Start(folder, ["--run-machine", state, $"{machine.Id}"]);
        var deadline = DateTime.UtcNow.AddSeconds(120);
        while (!File.Exists(Path.Combine(folder, MachineRunner.StartedFile)))
        {
            var failed = Path.Combine(folder, MachineRunner.FailedFile);
            if (File.Exists(failed)) throw new Refusal("start-failed", machine.Name, machine.Id, File.ReadAllText(failed));
            if (DateTime.UtcNow > deadline) throw new Refusal("start-failed", machine.Name, machine.Id, "the simulator's runner did not come up");
            Thread.Sleep(10);
        }
    }
}
