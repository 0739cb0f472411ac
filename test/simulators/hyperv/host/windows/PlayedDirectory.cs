using System.Security.AccessControl;

namespace AzlVm.HyperV.Host.Windows;

/// <summary>System.IO.DirectoryInfo of .NET Framework, as far as a script gives a new folder its access rights with it.</summary>
public sealed class PlayedDirectory(string path)
{
    private static readonly Dictionary<string, DirectorySecurity> Given = new(StringComparer.Ordinal);

    public bool Exists => Directory.Exists(path);

    /// <summary>Does nothing where the folder is there, as on Windows. Only this process knows the rights.</summary>
    public void Create(DirectorySecurity security)
    {
        if (Exists) return;
        Directory.CreateDirectory(path);
        Given[path] = security;
    }

    public DirectorySecurity GetAccessControl() => Given[path];
}

/// <summary>What a script says of a folder's rights, kept as it was said.</summary>
public sealed class DirectorySecurity
{
    private string _sddl = "";

    public void SetSecurityDescriptorSddlForm(string sddlForm, AccessControlSections includeSections) => _sddl = sddlForm;
    public string GetSecurityDescriptorSddlForm(AccessControlSections includeSections) => _sddl;
}
