using System.Text.Json;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>
/// Files that the service holds while it merges disks, and until when: held.json in the state folder. Who deletes that file
/// ends all merges.
/// </summary>
public static class HeldFiles
{
    public static void Hold(HostState state, IEnumerable<string> paths, TimeSpan time)
    {
        var held = Read(state.Folder);
        foreach (var path in paths.Where(File.Exists)) held[path] = DateTime.UtcNow + time;
        var temporary = $"{FileOf(state.Folder)}.tmp";
        File.WriteAllText(temporary, JsonSerializer.Serialize(held));
        File.Move(temporary, FileOf(state.Folder), true);
    }

    public static bool IsHeld(string folder, string path) => Read(folder).TryGetValue(path, out var until) && until > DateTime.UtcNow;

    public static bool IsMerging(HostState state, Machine machine) =>
        machine.Drives.Exists(drive => !drive.IsDvd && IsHeld(state.Folder, drive.Path));

    private static Dictionary<string, DateTime> Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, DateTime>>(File.ReadAllText(FileOf(folder)))!;
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    private static string FileOf(string folder) => Path.Combine(folder, "held.json");
}
