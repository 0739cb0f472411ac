using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Host.Windows;

/// <summary>System.IO.File where a file that Hyper-V holds can be neither deleted nor moved, as on Windows only.</summary>
public static class PlayedFile
{
    public static void Delete(string path)
    {
        RequireFree(path);
        File.Delete(path);
    }

    public static void Move(string sourceFileName, string destFileName)
    {
        RequireFree(sourceFileName);
        File.Move(sourceFileName, destFileName);
    }

    public static bool Exists(string path) => File.Exists(path);
    public static FileStream Create(string path) => File.Create(path);
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share) => File.Open(path, mode, access, share);
    public static string ReadAllText(string path) => File.ReadAllText(path);
    public static void WriteAllText(string path, string contents) => File.WriteAllText(path, contents);
    public static void WriteAllText(string path, string contents, System.Text.Encoding encoding) => File.WriteAllText(path, contents, encoding);
    public static void AppendAllText(string path, string contents) => File.AppendAllText(path, contents);
    public static FileAttributes GetAttributes(string path) => File.GetAttributes(path);
    public static DateTime GetLastWriteTimeUtc(string path) => File.GetLastWriteTimeUtc(path);

    public static void Replace(string sourceFileName, string destinationFileName, string? destinationBackupFileName) =>
        File.Replace(sourceFileName, destinationFileName, destinationBackupFileName);

    private static void RequireFree(string path)
    {
        if (HeldFiles.IsHeld(HostState.FolderFromEnvironment(), Path.GetFullPath(path)))
            throw new IOException($"The process cannot access the file '{path}' because it is being used by another process.", unchecked((int)0x80070020));
    }
}
