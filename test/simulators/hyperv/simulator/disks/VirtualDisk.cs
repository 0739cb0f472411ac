using System.Text.Json;
using AzlVm.HyperV.Simulator.Machines;
using Microsoft.Vhd.PowerShell;

namespace AzlVm.HyperV.Simulator.VirtualDisks;

/// <summary>
/// Real VHDX and VHD files, made and read by qemu-img. QEMU's VHDX driver has no differencing disks: such a disk is a
/// qcow2 overlay under the .vhdx or .avhdx name.
/// </summary>
public sealed record VirtualDisk(string Path, string Format, ulong Size, ulong FileSize, uint BlockSize, string? Parent)
{
    public bool IsVhd => Path.EndsWith(".vhd", StringComparison.OrdinalIgnoreCase);

    /// <summary>QEMU's name of a file's real format, told by its first bytes.</summary>
    public static string FormatOf(string path)
    {
        using var file = File.OpenRead(path);
        var start = new byte[8];
        file.ReadAtLeast(start, start.Length, false);
        if (start.AsSpan(0, 3).SequenceEqual("QFI"u8)) return "qcow2";
        return start.AsSpan().SequenceEqual("vhdxfile"u8) ? "vhdx" : "vpc";
    }

    public static VirtualDisk Read(string path)
    {
        Rules.Storage.RequireFile(path);
        using var info = JsonDocument.Parse(Image("info", "-U", "--output=json", "-f", FormatOf(path), Named(path)));
        var root = info.RootElement;
        var parent = root.TryGetProperty("full-backing-filename", out var backing) ? QemuHost.Current.FromTheirs(backing.GetString()!) : null;
        return new VirtualDisk(
            path, root.GetProperty("format").GetString()!, root.GetProperty("virtual-size").GetUInt64(),
            (ulong)new FileInfo(path).Length,
            root.TryGetProperty("cluster-size", out var cluster) && parent is null ? cluster.GetUInt32() : 0, parent);
    }

    /// <summary>VHDX or VHD by the extension, which chooses the format on Hyper-V too.</summary>
    public static void Create(string path, ulong size, uint blockSize, bool isFixed)
    {
        var isVhd = path.EndsWith(".vhd", StringComparison.OrdinalIgnoreCase);
        var options = isVhd
            ? $"subformat={(isFixed ? "fixed" : "dynamic")},force_size=on"
            : $"subformat={(isFixed ? "fixed" : "dynamic")},block_size={blockSize}";
        Image("create", "-q", "-f", isVhd ? "vpc" : "vhdx", "-o", options, Named(path), $"{size}");
    }

    public static void CreateDifferencing(string path, string parent) =>
        Image("create", "-q", "-f", "qcow2", "-F", FormatOf(parent), "-b", Named(parent), Named(path));

    public static void Convert(string source, string target, bool isFixed)
    {
        var isVhd = target.EndsWith(".vhd", StringComparison.OrdinalIgnoreCase);
        Image("convert", "-q", "-f", FormatOf(source), "-O", isVhd ? "vpc" : "vhdx",
            "-o", $"subformat={(isFixed ? "fixed" : "dynamic")}{(isVhd ? ",force_size=on" : "")}", Named(source), Named(target));
    }

    /// <summary>Brings an overlay's blocks into its parent.</summary>
    public static void Merge(string overlay) => Image("commit", "-q", "-d", "-f", "qcow2", Named(overlay));

    /// <summary>Names another parent, which holds the same.</summary>
    public static void LieOn(string overlay, string parent) =>
        Image("rebase", "-q", "-u", "-f", "qcow2", "-F", FormatOf(parent), "-b", parent, overlay);

    public VhdType Type => Parent is not null ? VhdType.Differencing : IsFixed() ? VhdType.Fixed : VhdType.Dynamic;

    /// <summary>VHD: the type stands in the footer at 60 (2 fixed). VHDX: a fixed one is as long as what it holds.</summary>
    private bool IsFixed()
    {
        if (Format != "vpc") return FileSize >= Size;
        using var file = File.OpenRead(Path);
        file.Seek(-512 + 60, SeekOrigin.End);
        var type = new byte[4];
        file.ReadExactly(type);
        return type[3] == 2;
    }

    private static string Image(params string[] arguments)
    {
        var ended = QemuHost.Current.Run("qemu-img", arguments);
        if (ended.Code != 0) throw new Refusal("disk-unusable", arguments[^1], ended.Errors.Trim());
        return ended.Output;
    }

    private static string Named(string path) => QemuHost.Current.Named(path);
}
