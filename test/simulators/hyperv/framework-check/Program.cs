using System.Management.Automation.Language;
using System.Reflection;

namespace AzlVm.HyperV.FrameworkCheck;

/// <summary>
/// Reads the scripts of a folder and says, one line each, which .NET types, members and overloads they use that
/// Windows PowerShell 5.1 on .NET Framework 4.7.2 does not have, and where they take for an array what may be none.
/// Exit code 1 where there is any.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var folder = Path.GetFullPath(args[0]);
        LoadRuntime();
        var framework = new FrameworkTypes([FolderOf("framework"), Path.Combine(FolderOf("framework"), "Facades"), FolderOf("engine")]);
        using var inference = new Inference();
        var faults = new List<string>();
        foreach (var file in Directory.GetFiles(folder, "*.ps1", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var tree = Parser.ParseFile(file, out _, out var errors);
            var name = Path.GetRelativePath(folder, file).Replace('\\', '/');
            faults.AddRange(errors.Select(error => $"{name}:{error.Extent.StartLineNumber}: {error.Message}"));
            faults.AddRange(new ScriptCheck(framework, inference).Check(tree).Select(fault => $"{name}:{fault.Line}: {fault.What}"));
        }
        foreach (var fault in faults) Console.WriteLine(fault);
        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>Where NuGet unpacked a package; the build wrote it down.</summary>
    private static string FolderOf(string key) =>
        typeof(Program).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(each => each.Key == key).Value!;

    /// <summary>PowerShell resolves a type's name among loaded assemblies only.</summary>
    private static void LoadRuntime()
    {
        var trusted = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        foreach (var path in trusted.Split(Path.PathSeparator))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            var isPublic = name.StartsWith("System.", StringComparison.Ordinal) && !name.StartsWith("System.Private.", StringComparison.Ordinal);
            if (isPublic || name.StartsWith("Microsoft.Win32.", StringComparison.Ordinal)) Assembly.Load(name);
        }
    }
}
