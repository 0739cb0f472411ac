using System.Diagnostics;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>A program of this computer; what it says is read while it runs.</summary>
internal sealed class ChildProcess : IRunningProgram
{
    private readonly string _command;
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    public ChildProcess(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        _command = $"{program} {string.Join(' ', start.ArgumentList)}";
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public bool HasExited => _process.HasExited;

    public Ended WaitForExit(TimeSpan limit)
    {
        if (!_process.WaitForExit(limit) || !Task.WaitAll([_output, _errors], limit))
        {
            Kill();
            throw new TimeoutException($"waited {limit.TotalSeconds} s for the end of process {_process.Id}, {_command}");
        }
        return new Ended(_process.ExitCode, _output.Result, _errors.Result);
    }

    public void Kill() => _process.Kill();

    public void Dispose() => _process.Dispose();
}
