using System.Management.Automation;
using System.Reflection;
using AzlVm.HyperV.Simulator.State;
using Microsoft.PowerShell.Commands;

namespace AzlVm.HyperV.Host.Windows;

/// <summary>
/// .NET types that exist on Windows only, or are more there, and that a script names in brackets. PowerShell looks among its type
/// accelerators first, so the very same script meets these here.
/// </summary>
internal static class PlayedTypes
{
    public static void Register(Knobs knobs)
    {
        WindowsIdentity.Rights = knobs.Rights;
        var accelerators = typeof(PSObject).Assembly.GetType("System.Management.Automation.TypeAccelerators")!;
        var add = accelerators.GetMethod("Add", BindingFlags.Static | BindingFlags.Public)!;
        foreach (var (name, type) in new (string, Type)[]
                 {
                     ("Security.Principal.WindowsIdentity", typeof(WindowsIdentity)),
                     ("Security.Principal.WindowsPrincipal", typeof(WindowsPrincipal)),
                     ("Security.Principal.SecurityIdentifier", typeof(SecurityIdentifier)),
                     ("Security.Principal.WindowsBuiltInRole", typeof(WindowsBuiltInRole)),
                     ("Security.AccessControl.DirectorySecurity", typeof(DirectorySecurity)),
                     ("Diagnostics.Eventing.Reader.EventRecord", typeof(PlayedEvent)),
                     ("IO.DirectoryInfo", typeof(PlayedDirectory)),
                     ("IO.File", typeof(PlayedFile)),
                     ("Microsoft.Win32.Registry", typeof(Registry)),
                 })
        {
            add.Invoke(null, [name, type]);
            if (!name.StartsWith("Microsoft", StringComparison.Ordinal)) add.Invoke(null, [$"System.{name}", type]);
        }
        Registry.Set(knobs);
    }
}

public sealed class SecurityIdentifier(string value)
{
    public string Value { get; } = value.ToUpperInvariant();
    public override string ToString() => Value;
    public override bool Equals(object? other) => other is SecurityIdentifier sid && sid.Value == Value;
    public override int GetHashCode() => Value.GetHashCode();
}

public enum WindowsBuiltInRole
{
    Administrator = 0x220,
}

public sealed class WindowsIdentity : IDisposable
{
    /// <summary>The knob: full, hyper-v-administrators, none-silent, none-error.</summary>
    internal static string Rights { get; set; } = "full";

    public string Name => $"{Environment.MachineName}\\tester";
    public SecurityIdentifier User { get; } = new("S-1-5-21-1-2-3-1001");

    /// <summary>Users and Authenticated Users always; the administrators' where the knob says so.</summary>
    public IReadOnlyList<SecurityIdentifier> Groups { get; } =
    [
        new("S-1-5-32-545"),
        new("S-1-5-11"),
        .. Rights switch
        {
            "full" => new SecurityIdentifier[] { new("S-1-5-32-544") },
            "hyper-v-administrators" => [new("S-1-5-32-578")],
            _ => [],
        },
    ];

    public static WindowsIdentity GetCurrent() => new();
    public void Dispose() { }
}

public sealed class WindowsPrincipal(WindowsIdentity identity)
{
    public WindowsIdentity Identity { get; } = identity;
    public bool IsInRole(SecurityIdentifier sid) => Identity.Groups.Contains(sid);
    public bool IsInRole(WindowsBuiltInRole role) => IsInRole(new SecurityIdentifier($"S-1-5-32-{(int)role}"));
}

public static class Registry
{
    private static readonly Dictionary<string, object> Values = new(StringComparer.OrdinalIgnoreCase);

    internal static void Set(Knobs knobs)
    {
        var edition = knobs.Edition != "" ? knobs.Edition : knobs.Server ? "ServerStandard" : "Professional";
        Values[@"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion|EditionID"] = edition;
        Values[@"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography|MachineGuid"] = "5a2d0c1e-0000-4000-8000-0000000a21b3";
        Values[@"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion|CurrentBuildNumber"] = $"{knobs.Build}";
        Values[@"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion|CurrentBuild"] = $"{knobs.Build}";
        foreach (var (name, value) in knobs.Registry) Values[name] = int.TryParse(value, out var number) ? number : value;
    }

    public static object? GetValue(string keyName, string valueName, object? defaultValue) =>
        Values.GetValueOrDefault($"{keyName}|{valueName}") ?? defaultValue;
}
