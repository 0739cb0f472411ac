using System.Net;

namespace AzlVm.HyperV.Simulator.State;

/// <summary>What was made of the host's own network: NetNat objects and addresses of its interfaces.</summary>
public sealed class HostNetwork
{
    public List<Nat> Nats { get; set; } = [];
    public List<HostAddress> Addresses { get; set; } = [];
}

public sealed record Nat(string Name, string Prefix);

public sealed record HostAddress(string Address, byte PrefixLength, string InterfaceAlias)
{
    public string Prefix => $"{IPNetworkOf(Address, PrefixLength)}";

    private static IPNetwork IPNetworkOf(string address, int length)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        for (var bit = length; bit < 32; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }
}
