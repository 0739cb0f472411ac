using System.Net.Sockets;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>How a program ended.</summary>
public sealed record Ended(int Code, string Output, string Errors);

/// <summary>A program that ends with the process that started it.</summary>
public interface IRunningProgram : IDisposable
{
    bool HasExited { get; }
    /// <summary>Kills it and throws where it does not end in time.</summary>
    Ended WaitForExit(TimeSpan limit);
    void Kill();
}

/// <summary>
/// The Linux on which QEMU and its tools run: the same that the simulator runs on, or the one around Wine. Folders are
/// the caller's own; what QEMU reads of a path is its name there.
/// </summary>
public abstract class QemuHost
{
    public static QemuHost Current { get; } = OperatingSystem.IsWindows() ? new LinuxAroundWine() : new ThisLinux();

    /// <summary>Runs a program to its end, which comes in time.</summary>
    public abstract Ended Run(string program, params string[] arguments);

    /// <summary>Starts a program in the current folder.</summary>
    public abstract IRunningProgram Start(string program, IReadOnlyList<string> arguments);

    /// <summary>Connects to a Unix socket, absolute or below the current folder. Throws a SocketException where nobody listens.</summary>
    public abstract Stream Connect(string socket);

    /// <summary>Those in the folder that programs left when they were killed.</summary>
    public abstract void RemoveSockets(string folder);

    /// <summary>A path as QEMU and its tools are to be told it.</summary>
    public abstract string Named(string path);

    /// <summary>A path of theirs, as this process names it.</summary>
    public abstract string FromTheirs(string path);

    private sealed class ThisLinux : QemuHost
    {
        public override Ended Run(string program, params string[] arguments)
        {
            using var started = new ChildProcess(program, arguments);
            return started.WaitForExit(Patience.Work);
        }

        /// <summary>It dies with this process, however that ends.</summary>
        public override IRunningProgram Start(string program, IReadOnlyList<string> arguments) =>
            new ChildProcess("setpriv", ["--pdeathsig", "KILL", program, .. arguments]);

        public override Stream Connect(string socket)
        {
            var connected = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                // Who does not take connections any more lets them wait.
                connected.SendTimeout = (int)Patience.Answer.TotalMilliseconds;
                connected.Connect(new UnixDomainSocketEndPoint(socket));
                connected.SendTimeout = 0;
            }
            catch
            {
                connected.Dispose();
                throw;
            }
            return new NetworkStream(connected, true);
        }

        /// <summary>They go as any file does, with their folder.</summary>
        public override void RemoveSockets(string folder)
        {
        }

        public override string Named(string path) => path;

        public override string FromTheirs(string path) => path;
    }
}
