using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>This program once more, out of the caller's session and with none of its streams: the worker's pipes end with the worker.</summary>
internal static class RunnerProcess
{
    public static void Start(string folder, IEnumerable<string> arguments)
    {
        var start = OperatingSystem.IsWindows() ? OnWindows() : OnLinux();
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.WorkingDirectory = folder;
        using var process = Process.Start(start)!;
        if (!OperatingSystem.IsWindows() && !process.WaitForExit(Patience.Answer))
            throw new TimeoutException($"waited {Patience.Answer.TotalSeconds} s for setsid (process {process.Id}) to start a machine's runner");
    }

    private static ProcessStartInfo OnLinux()
    {
        var start = new ProcessStartInfo("setsid");
        string[] arguments = ["--fork", "/bin/sh", "-c", "exec \"$@\" </dev/null >runner.log 2>&1", "sh", Environment.ProcessPath!, .. HostAssembly()];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>The host may be started as a program or through dotnet.</summary>
    private static string[] HostAssembly() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];

    /// <summary>Process.Start hands down every handle that may be, and the streams that we were started with are such.</summary>
    private static ProcessStartInfo OnWindows()
    {
        foreach (var stream in new[] { -10, -11, -12 }) SetHandleInformation(GetStdHandle(stream), 1, 0);
        return new ProcessStartInfo(Environment.ProcessPath!) { CreateNoWindow = true };
    }

    [DllImport("kernel32.dll")]
    private static extern nint GetStdHandle(int stream);

    [DllImport("kernel32.dll")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool SetHandleInformation(nint handle, uint mask, uint flags);
}
