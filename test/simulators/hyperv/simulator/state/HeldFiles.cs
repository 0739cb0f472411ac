using System.Text.Json;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>Files that the service holds while it merges disks, and until when: held.json in the state folder.</summary>
public static class HeldFiles
{
    /// <summary>Called with the state's lock held.</summary>
    public static void Hold(string folder, IEnumerable<string> paths, DateTime until)
    {
        var held = Read(folder);
        foreach (var path in paths.Where(File.Exists)) held[path] = until;
        var temporary = $"{FileOf(folder)}.tmp";
        File.WriteAllText(temporary, JsonSerializer.Serialize(held));
        File.Move(temporary, FileOf(folder), true);
    }

    public static bool IsHeld(string folder, string path) => Read(folder).TryGetValue(path, out var until) && until > DateTime.UtcNow;

    private static Dictionary<string, DateTime> Read(string folder) =>
        File.Exists(FileOf(folder)) ? JsonSerializer.Deserialize<Dictionary<string, DateTime>>(File.ReadAllText(FileOf(folder)))! : [];

    private static string FileOf(string folder) => Path.Combine(folder, "held.json");
}
