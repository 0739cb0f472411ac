using System.Text;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// The simulated firmware speaks on a port of its own, where no guest looks; what it says there becomes the event that
/// Hyper-V's firmware reports: one summary after all boot sources were tried.
/// </summary>
public static class FirmwareConsole
{
    /// <summary>Reads until the machine is gone; <paramref name="onOutcome"/> gets its name in events.json, once a boot.</summary>
    public static void Follow(Stream port, bool hasSources, Action<string> onOutcome)
    {
        using var reader = new StreamReader(port, Encoding.Latin1);
        var denied = false;
        var told = false;
        while (ReadLine(reader) is { } line)
        {
            if (!line.Contains("BdsDxe: ", StringComparison.Ordinal)) continue;
            // A source is tried again: another boot. After a boot that failed, menu and shell follow each other.
            if (line.Contains("BdsDxe: loading ", StringComparison.Ordinal) && !IsOfFirmware(line)) told = false;
            if (line.Contains(": Access Denied", StringComparison.Ordinal)) denied = true;
            if (told || Outcome(line, hasSources, denied) is not { } outcome) continue;
            onOutcome(outcome);
            told = true;
            denied = false;
        }
    }

    private static string? ReadLine(StreamReader reader)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (IOException)
        {
            // QEMU left.
            return null;
        }
    }

    private static string? Outcome(string line, bool hasSources, bool denied)
    {
        var starts = line.Contains("BdsDxe: starting ", StringComparison.Ordinal);
        if (starts && !IsOfFirmware(line)) return denied ? "booted-after-denied" : "booted";
        if (!starts && !line.Contains("BdsDxe: No bootable option", StringComparison.Ordinal)) return null;
        return denied ? "denied" : hasSources ? "failed" : "nothing";
    }

    /// <summary>What lies in the firmware's own volume is its shell or menu.</summary>
    private static bool IsOfFirmware(string line) => line.Contains(" from Fv(", StringComparison.Ordinal);
}
