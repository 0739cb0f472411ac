using System.Reflection;

namespace AzlVm.HyperV.FrameworkCheck;

/// <summary>.NET Framework's types as metadata. Those that 5.1 loads by itself: no script of ours adds an assembly.</summary>
internal sealed class FrameworkTypes
{
    /// <summary>Loaded in a fresh powershell.exe 5.1 before any script.</summary>
    private static readonly string[] Loaded =
        ["mscorlib", "System", "System.Core", "System.Xml", "System.Management", "System.Data", "System.Management.Automation"];

    private readonly Assembly[] _assemblies;

    public FrameworkTypes(IEnumerable<string> folders)
    {
        var context = new MetadataLoadContext(new PathAssemblyResolver(folders.SelectMany(folder => Directory.GetFiles(folder, "*.dll"))), "mscorlib");
        _assemblies = [.. Loaded.Select(context.LoadFromAssemblyName)];
    }

    /// <summary>The same type there; null where there is none.</summary>
    public Type? Find(Type type)
    {
        if (type.IsArray) return Find(type.GetElementType()!)?.MakeArrayType();
        if (type.IsGenericType && !type.IsGenericTypeDefinition)
        {
            var definition = Find(type.GetGenericTypeDefinition());
            var parts = type.GetGenericArguments().Select(Find).ToArray();
            return definition is null || parts.Contains(null) ? null : definition.MakeGenericType(parts!);
        }
        return Find(type.FullName!);
    }

    public Type? Find(string fullName) =>
        _assemblies.Select(assembly => assembly.GetType(fullName, false)).FirstOrDefault(found => found is { IsPublic: true } or { IsNestedPublic: true });
}
