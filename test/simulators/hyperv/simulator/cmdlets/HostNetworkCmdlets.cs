using System.Globalization;
using System.Management.Automation;
using System.Net;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator.Cmdlets;

/// <summary>NetNat, NetTCPIP and NetAdapter, as far as a NAT network behind an internal switch needs them.</summary>
internal static class HostNetworkCmdlets
{
    /// <summary>The name of the host's end of a switch among its interfaces (VD user-guide/setup-nat-network).</summary>
    public static string AliasOf(SwitchState one) => $"vEthernet ({one.Name})";

    [Plays("Get-NetNat")]
    public static void GetNat(Call call)
    {
        var names = call.Get<string[]>("Name", []);
        foreach (var nat in call.State.Network().Nats.Where(one => names.Length == 0 || names.Contains(one.Name, StringComparer.OrdinalIgnoreCase)))
            call.Write(Instance("MSFT_NetNat", ("Name", nat.Name), ("InternalIPInterfaceAddressPrefix", nat.Prefix), ("Active", true)));
    }

    /// <summary>
    /// One NAT network a host (VD user-guide/setup-nat-network); one of the Host Networking Service collides though
    /// Get-NetNat does not show it (Virtualization-Documentation#1244).
    /// </summary>
    [Plays("New-NetNat")]
    public static void NewNat(Call call)
    {
        var network = call.State.Network();
        var made = new Nat(call.Text("Name"), call.Text("InternalIPInterfaceAddressPrefix"));
        var others = call.State.Knobs.Hns.Where(one => one.Type.Equals("NAT", StringComparison.OrdinalIgnoreCase)).Select(one => one.Prefix);
        if (network.Nats.Count > 0 || others.Any(prefix => Overlap(prefix, made.Prefix))) throw new Refusal("nat-refused");
        if (!call.ShouldProcess(made.Name)) return;
        network.Nats.Add(made);
        call.State.SaveNetwork(network);
        call.Write(Instance("MSFT_NetNat", ("Name", made.Name), ("InternalIPInterfaceAddressPrefix", made.Prefix), ("Active", true)));
    }

    [Plays("Remove-NetNat")]
    public static void RemoveNat(Call call)
    {
        var given = call.Get<PSObject[]>("InputObject", []).Select(one => $"{one.Properties["Name"].Value}");
        var names = given.Concat(call.Get<string[]>("Name", [])).ToList();
        var network = call.State.Network();
        if (!call.ShouldProcess(string.Join(", ", names))) return;
        network.Nats.RemoveAll(one => names.Contains(one.Name, StringComparer.OrdinalIgnoreCase));
        call.State.SaveNetwork(network);
    }

    [Plays("New-NetIPAddress")]
    public static void NewAddress(Call call)
    {
        var alias = call.Has("InterfaceAlias") ? call.Text("InterfaceAlias") : AliasByIndex(call, call.Get("InterfaceIndex", 0u));
        var network = call.State.Network();
        var made = new HostAddress(call.Text("IPAddress"), call.Get<byte>("PrefixLength", 32), alias);
        if (!call.State.Switches().Exists(one => AliasOf(one) == alias)) throw new Refusal("interface-not-found");
        if (network.Addresses.Exists(one => one.Address == made.Address)) throw new Refusal("address-exists");
        network.Addresses.Add(made);
        call.State.SaveNetwork(network);
        call.Write(Address(call, made));
    }

    [Plays("Get-NetIPAddress")]
    public static void GetAddress(Call call)
    {
        var indexes = call.Get<uint[]>("InterfaceIndex", []);
        foreach (var one in Addresses(call).Where(one => indexes.Length == 0 || indexes.Contains(IndexOf(call, one.InterfaceAlias))))
            call.Write(Address(call, one));
    }

    [Plays("Get-NetRoute")]
    public static void GetRoute(Call call)
    {
        foreach (var prefix in call.State.Knobs.Routes.Concat(Addresses(call).Select(one => one.Prefix)))
            call.Write(Instance("MSFT_NetRoute", ("DestinationPrefix", prefix), ("AddressFamily", "IPv4")));
    }

    [Plays("Get-NetNeighbor")]
    public static void GetNeighbour(Call call)
    {
        var macs = call.Get<string[]>("LinkLayerAddress", []);
        foreach (var one in call.State.Knobs.Neighbours.Where(one => macs.Length == 0 || macs.Contains(one.Mac, StringComparer.OrdinalIgnoreCase)))
            call.Write(Instance("MSFT_NetNeighbor", ("IPAddress", one.Address), ("LinkLayerAddress", one.Mac), ("State", one.State)));
    }

    /// <summary>The Default Switch's end is hidden since 22H2 (packer-plugin-hyperv#41).</summary>
    [Plays("Get-NetAdapter")]
    public static void GetAdapter(Call call)
    {
        var seen = call.State.Switches().Where(one => one.AllowManagementOS)
            .Where(one => one.Id != HostState.DefaultSwitchId || call.State.Knobs.Build < 22621 || call.Switch("IncludeHidden"));
        foreach (var one in seen)
            call.Write(Instance("MSFT_NetAdapter",
                ("Name", AliasOf(one)), ("InterfaceIndex", IndexOf(call, AliasOf(one))), ("Status", "Up"),
                ("DeviceID", $"{{{one.Id.ToString().ToUpperInvariant()}}}")));
    }

    /// <summary>Subnets are a list of objects (pjh/SDN: a listing of Windows Server 2019).</summary>
    [Plays("Get-HnsNetwork")]
    public static void GetHns(Call call)
    {
        foreach (var one in call.State.Knobs.Hns)
        {
            var subnet = Instance("Subnet", ("AddressPrefix", one.Prefix));
            call.Write(Instance("HnsNetwork", ("Name", one.Name), ("Type", one.Type), ("Subnets", new object[] { subnet })));
        }
    }

    private static IEnumerable<HostAddress> Addresses(Call call)
    {
        // Another subnet after each start of the host (WSL#4467); one of them here.
        var byDefault = call.State.Switches().Find(one => one.Id == HostState.DefaultSwitchId);
        IEnumerable<HostAddress> own = byDefault is null ? [] : [new HostAddress("172.28.160.1", 20, AliasOf(byDefault))];
        return own.Concat(call.State.Network().Addresses);
    }

    private static PSObject Address(Call call, HostAddress one) => Instance("MSFT_NetIPAddress",
        ("IPAddress", one.Address), ("PrefixLength", one.PrefixLength), ("InterfaceAlias", one.InterfaceAlias),
        ("InterfaceIndex", IndexOf(call, one.InterfaceAlias)), ("AddressFamily", "IPv4"));

    private static uint IndexOf(Call call, string alias) =>
        (uint)(20 + call.State.Switches().OrderBy(one => one.Id).ToList().FindIndex(one => AliasOf(one) == alias));

    private static string AliasByIndex(Call call, uint index) =>
        call.State.Switches().Select(AliasOf).FirstOrDefault(alias => IndexOf(call, alias) == index) ?? "";

    private static bool Overlap(string one, string other)
    {
        var (first, second) = (IPNetwork.Parse(one), IPNetwork.Parse(other));
        return first.Contains(second.BaseAddress) || second.Contains(first.BaseAddress);
    }

    private static PSObject Instance(string type, params (string Name, object Value)[] members)
    {
        var made = new PSObject();
        made.TypeNames.Insert(0, string.Create(CultureInfo.InvariantCulture, $"Microsoft.Management.Infrastructure.CimInstance#ROOT/StandardCimv2/{type}"));
        foreach (var (name, value) in members) made.Properties.Add(new PSNoteProperty(name, value));
        return made;
    }
}
