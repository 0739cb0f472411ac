using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>A dynamic address is zeros until the machine first starts; the pool is the host's (assumed: 00155D).</summary>
public static class MacAddress
{
    public const string Minimum = "00155D010A00";
    public const string Maximum = "00155D010AFF";

    public static void Assign(HostState state, Machine machine)
    {
        var taken = state.Machines().SelectMany(one => one.Adapters).Select(adapter => adapter.Mac).ToHashSet();
        foreach (var adapter in machine.Adapters.Where(one => one.DynamicMac && one.Mac == "000000000000"))
        {
            adapter.Mac = Enumerable.Range(0, 256).Select(number => $"00155D010A{number:X2}").First(mac => !taken.Contains(mac));
            taken.Add(adapter.Mac);
        }
    }

    /// <summary>Twelve hex digits, upper case, whatever stood between them.</summary>
    public static string Plain(string text) => string.Concat(text.Where(char.IsAsciiHexDigit)).ToUpperInvariant();
}
