using System.Buffers.Binary;
using System.Text;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// The UEFI variables in a copy of OVMF's template, read and added to before the machine starts.
/// Layout: EDK II MdeModulePkg/Include/Guid/VariableFormat.h (authenticated variables).
/// </summary>
public sealed class VariableStore
{
    private const int VariableHeader = 60;
    private const ushort StartId = 0x55AA;
    private const byte Added = 0x3F;
    private const byte Deleted = 0x3D;
    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly int _first;

    public static readonly Guid ImageSecurity = new("d719b2cb-3d3a-4596-a3bc-dad00e67656f");

    public VariableStore(string path)
    {
        _path = path;
        _bytes = File.ReadAllBytes(path);
        // A firmware volume's header says its own length at 48; the store's header is 28 bytes.
        _first = Aligned(BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(48)) + 28);
    }

    public byte[]? Get(Guid vendor, string name)
    {
        foreach (var (at, dataAt, dataSize) in Find(vendor, name))
            if (_bytes[at + 2] == Added) return _bytes.AsSpan(dataAt, dataSize).ToArray();
        return null;
    }

    /// <summary>Replaces a variable; attributes as in UEFI (1 non-volatile, 2 boot, 4 run time, 0x20 time-based writes).</summary>
    public void Set(Guid vendor, string name, uint attributes, byte[] data)
    {
        foreach (var (at, _, _) in Find(vendor, name)) _bytes[at + 2] &= Deleted & 0xFD;
        var nameBytes = Encoding.Unicode.GetBytes($"{name}\0");
        var end = End();
        var header = _bytes.AsSpan(end, VariableHeader);
        header.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(header, StartId);
        header[2] = Added;
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], attributes);
        BinaryPrimitives.WriteInt32LittleEndian(header[36..], nameBytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], data.Length);
        vendor.ToByteArray().CopyTo(header[44..]);
        nameBytes.CopyTo(_bytes, end + VariableHeader);
        data.CopyTo(_bytes, end + VariableHeader + nameBytes.Length);
    }

    public void Save() => File.WriteAllBytes(_path, _bytes);

    private IEnumerable<(int At, int DataAt, int DataSize)> Find(Guid vendor, string name)
    {
        for (var at = _first; IsVariable(at); at = Next(at))
        {
            var nameSize = BitConverter.ToInt32(_bytes, at + 36);
            var found = Encoding.Unicode.GetString(_bytes, at + VariableHeader, nameSize).TrimEnd('\0');
            if (found == name && new Guid(_bytes.AsSpan(at + 44, 16)) == vendor)
                yield return (at, at + VariableHeader + nameSize, BitConverter.ToInt32(_bytes, at + 40));
        }
    }

    private int End()
    {
        var at = _first;
        while (IsVariable(at)) at = Next(at);
        return at;
    }

    private bool IsVariable(int at) => BitConverter.ToUInt16(_bytes, at) == StartId;

    private int Next(int at) =>
        Aligned(at + VariableHeader + BitConverter.ToInt32(_bytes, at + 36) + BitConverter.ToInt32(_bytes, at + 40));

    private static int Aligned(int offset) => (offset + 3) & ~3;
}
