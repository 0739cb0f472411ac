namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// A COM port's named pipe as Hyper-V serves it: one client at a time; nobody there, and the bytes are lost. Where a
/// server of that name is there at start, Hyper-V is its client, and once that ends neither comes back nor serves
/// (microsoft/openvmm#392).
/// </summary>
public interface IGuestPipe : IDisposable
{
    void FromGuest(ReadOnlySpan<byte> bytes);
}

public static class GuestPipe
{
    /// <summary>What a slow client may be behind before bytes are lost (assumed).</summary>
    public const int SendBuffer = 256 * 1024;

    /// <summary>The name below <c>\\.\pipe\</c>; null where the path names no local pipe.</summary>
    public static string? LocalName(string pipe)
    {
        const string prefix = @"\\.\pipe\";
        return pipe.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? pipe[prefix.Length..] : null;
    }

    /// <summary>Absent for as long, then busy for as long, then there.</summary>
    public static IGuestPipe Serve(string name, Action<byte[]> toGuest, TimeSpan absent, TimeSpan busy) =>
        OperatingSystem.IsWindows() ? new WindowsPipe(name, toGuest, absent, busy) : new UnixPipe(name, toGuest, absent, busy);
}
