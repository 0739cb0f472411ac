using System.Buffers.Binary;
using System.Collections;
using System.Management.Automation;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AzlVm.HyperV.Simulator.Machines;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>
/// The classes of root\virtualization\v2 that the scripts ask for. A machine that is off has no Msvm_VideoHead
/// (hyperv.md section 6). Filters: one property, one value.
/// </summary>
internal static partial class VirtualizationCim
{
    public const string Namespace = @"root\virtualization\v2";

    public static IEnumerable<PSObject> Instances(string className, string? filter)
    {
        if (className.Equals("Msvm_VirtualSystemManagementService", StringComparison.OrdinalIgnoreCase))
            return [Object(("Name", "vmms"))];
        var wanted = Guid.TryParse(Filter().Match(filter ?? "").Groups[1].Value, out var id) ? id : (Guid?)null;
        List<Machine> machines;
        using (var host = HostState.Open("Get-CimInstance")) machines = host.Machines();
        machines = machines.Where(machine => wanted is null || machine.Id == wanted).ToList();
        return className.ToUpperInvariant() switch
        {
            "MSVM_COMPUTERSYSTEM" => machines.Select(machine => Object(("Name", Name(machine)), ("ElementName", machine.Name))),
            // The guest's UUID. On Hyper-V it is another than the machine's id (assumed); here QEMU gets that id.
            "MSVM_VIRTUALSYSTEMSETTINGDATA" => machines.Select(machine => Object(("VirtualSystemIdentifier", Name(machine)), ("BIOSGUID", $"{{{Name(machine)}}}"))),
            "MSVM_VIDEOHEAD" => machines.Where(machine => machine.Power is VMState.Running or VMState.Paused).Select(VideoHead),
            _ => throw new NotSupportedException($"the simulator does not play the class {className}"),
        };
    }

    /// <summary>Of Msvm_VirtualSystemManagementService.</summary>
    public static PSObject GetVirtualSystemThumbnailImage(IDictionary arguments)
    {
        var id = Guid.Parse($"{PSObject.AsPSObject(arguments["TargetSystem"]).Properties["Name"].Value}");
        var width = LanguagePrimitives.ConvertTo<ushort>(arguments["WidthPixels"]);
        var height = LanguagePrimitives.ConvertTo<ushort>(arguments["HeightPixels"]);
        return Object(("ReturnValue", 0u), ("ImageData", Thumbnail(id, width, height)));
    }

    /// <summary>Rows from the top, RGB565, little-endian.</summary>
    private static byte[] Thumbnail(Guid id, int width, int height)
    {
        var (sourceWidth, sourceHeight, colours) = Screen(id);
        var pixels = new byte[width * height * 2];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var at = (y * sourceHeight / height * sourceWidth + x * sourceWidth / width) * 3;
                var pixel = (colours[at] >> 3 << 11) | (colours[at + 1] >> 2 << 5) | (colours[at + 2] >> 3);
                BinaryPrimitives.WriteUInt16LittleEndian(pixels.AsSpan((y * width + x) * 2), (ushort)pixel);
            }
        return pixels;
    }

    private static PSObject Object(params (string Name, object Value)[] members)
    {
        var result = new PSObject();
        foreach (var (name, value) in members) result.Properties.Add(new PSNoteProperty(name, value));
        return result;
    }

    private static PSObject VideoHead(Machine machine)
    {
        var (width, height, _) = Screen(machine.Id);
        return Object(
            ("SystemName", Name(machine)), ("CurrentHorizontalResolution", (uint)width), ("CurrentVerticalResolution", (uint)height));
    }

    private static string Name(Machine machine) => machine.Id.ToString().ToUpperInvariant();

    /// <summary>QEMU's picture: PPM, three bytes a pixel.</summary>
    private static (int Width, int Height, byte[] Colours) Screen(Guid id)
    {
        string folder;
        using (var host = HostState.Open("GetVirtualSystemThumbnailImage")) folder = host.RunFolder(id);
        var file = Path.Combine(folder, $"screen-{Guid.NewGuid()}.ppm");
        using (var qmp = new Qmp(Path.Combine(folder, QemuCommands.ControlSocket)))
            qmp.Execute("screendump", new JsonObject { ["filename"] = QemuHost.Current.Named(file) });
        var bytes = File.ReadAllBytes(file);
        File.Delete(file);
        var head = Head().Match(Encoding.Latin1.GetString(bytes, 0, Math.Min(bytes.Length, 40)));
        return (int.Parse(head.Groups[1].Value), int.Parse(head.Groups[2].Value), bytes[head.Length..]);
    }

    // Name='0B3C…'
    [GeneratedRegex("=\\s*'([^']*)'")]
    private static partial Regex Filter();

    // P6\n640 480\n255\n
    [GeneratedRegex(@"^P6\s+(\d+)\s+(\d+)\s+255\s")]
    private static partial Regex Head();
}
