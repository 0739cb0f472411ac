using System.Management.Automation;
using AzlVm.HyperV.Simulator.Objects;
using AzlVm.HyperV.Simulator.Rules;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Cmdlets;

internal static class NetworkCmdlets
{
    [Plays("Get-VMNetworkAdapter")]
    public static void Get(Call call)
    {
        if (call.Has("VMSnapshot") || call.Has("All")) throw new Refusal("not-played", "Get-VMNetworkAdapter -VMSnapshot or -All");
        if (call.Has("ManagementOS"))
        {
            var switchName = call.Text("SwitchName");
            foreach (var one in call.State.Switches().Where(one => one.AllowManagementOS && (switchName == "" || one.Name == switchName)))
                call.Write(Views.HostAdapter(one));
            return;
        }
        foreach (var (machine, adapter) in Chosen(call)) call.Write(Views.Adapter(machine, adapter, call.State));
    }

    [Plays("Add-VMNetworkAdapter")]
    public static void Add(Call call)
    {
        if (call.Has("ManagementOS")) throw new Refusal("not-played", "Add-VMNetworkAdapter -ManagementOS");
        foreach (var machine in call.Machines())
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (machine.Runner is not null) throw new Refusal("not-played", "Add-VMNetworkAdapter on a running machine");
            var adapter = new MachineAdapter { Name = call.Get("Name", "Network Adapter") };
            if (call.Has("SwitchName")) adapter.SwitchId = SwitchByName(call, call.Text("SwitchName")).Id;
            SetMac(call, adapter);
            machine.Adapters.Add(adapter);
            machine.BootOrder.Add(adapter.Id);
            call.State.Save(machine);
            if (call.Switch("Passthru")) call.Write(Views.Adapter(machine, adapter, call.State));
        }
    }

    [Plays("Set-VMNetworkAdapter")]
    public static void Set(Call call)
    {
        foreach (var (machine, adapter) in Chosen(call))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            if (call.Has("StaticMacAddress") || call.Has("DynamicMacAddress")) PowerState.RequireOff(machine, adapter.Name);
            SetMac(call, adapter);
            adapter.MacSpoofing = call.Get("MacAddressSpoofing", adapter.MacSpoofing);
            call.State.Save(machine);
        }
    }

    [Plays("Set-VMNetworkAdapterVlan")]
    public static void SetVlan(Call call)
    {
        if (call.Has("Trunk") || call.Has("ManagementOS")) throw new Refusal("not-played", "Set-VMNetworkAdapterVlan -Trunk or -ManagementOS");
        foreach (var (machine, adapter) in Chosen(call))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            adapter.AccessVlan = call.Switch("Access") ? call.Get("VlanId", 0) : 0;
            call.State.Save(machine);
        }
    }

    [Plays("Get-VMNetworkAdapterVlan")]
    public static void GetVlan(Call call)
    {
        foreach (var (_, adapter) in Chosen(call)) call.Write(Views.Vlan(adapter));
    }

    [Plays("Connect-VMNetworkAdapter")]
    public static void Connect(Call call)
    {
        var target = call.Has("VMSwitch")
            ? call.State.Switches().Find(one => one.Id == call.Get<VMSwitch>("VMSwitch", null!).Id) ?? throw new Refusal("switch-not-found", "")
            : SwitchByName(call, call.Text("SwitchName"));
        foreach (var (machine, adapter) in Chosen(call))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            adapter.SwitchId = target.Id;
            call.State.Save(machine);
        }
    }

    [Plays("Disconnect-VMNetworkAdapter")]
    public static void Disconnect(Call call)
    {
        foreach (var (machine, adapter) in Chosen(call))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            adapter.SwitchId = null;
            call.State.Save(machine);
        }
    }

    [Plays("Remove-VMNetworkAdapter")]
    public static void Remove(Call call)
    {
        foreach (var (machine, adapter) in Chosen(call))
        {
            if (!call.ShouldProcess(machine.Name)) continue;
            PowerState.RequireOff(machine, adapter.Name);
            machine.Adapters.RemoveAll(one => one.Id == adapter.Id);
            machine.BootOrder.Remove(adapter.Id);
            call.State.Save(machine);
        }
    }

    [Plays("Get-VMSwitch")]
    public static void GetSwitch(Call call)
    {
        var types = call.Get<VMSwitchType[]>("SwitchType", []);
        foreach (var one in call.State.Switches())
        {
            if (call.Has("Id") && !call.Get<Guid[]>("Id", []).Contains(one.Id)) continue;
            if (call.Has("Name") && !new WildcardPattern(call.Text("Name"), WildcardOptions.IgnoreCase).IsMatch(one.Name)) continue;
            if (types.Length > 0 && !types.Contains(one.Type)) continue;
            call.Write(Views.Switch(one));
        }
        var name = call.Text("Name");
        var isMissing = call.Has("Name") && !WildcardPattern.ContainsWildcardCharacters(name) && call.Output.Count == 0;
        if (isMissing) throw new Refusal("switch-not-found", name) { Target = name };
    }

    [Plays("New-VMSwitch")]
    public static void NewSwitch(Call call)
    {
        if (call.Has("NetAdapterName") || call.Has("NetAdapterInterfaceDescription")) throw new Refusal("not-played", "New-VMSwitch with a network adapter");
        var type = call.Get("SwitchType", VMSwitchType.Private);
        if (type == VMSwitchType.External) throw new Refusal("switch-type-external");
        var made = new SwitchState
        {
            Id = call.Has("Id") && Guid.TryParse(call.Text("Id"), out var id) ? id : Guid.NewGuid(),
            Name = call.Text("Name"),
            Type = type,
            Notes = call.Text("Notes"),
            AllowManagementOS = type == VMSwitchType.Internal,
        };
        if (!call.ShouldProcess(made.Name)) return;
        call.State.SaveSwitches([.. call.State.Switches(), made]);
        call.Write(Views.Switch(made));
    }

    [Plays("Remove-VMSwitch")]
    public static void RemoveSwitch(Call call)
    {
        var ids = call.Has("VMSwitch")
            ? call.Get<VMSwitch[]>("VMSwitch", []).Select(one => one.Id).ToHashSet()
            : call.Get<string[]>("Name", []).Select(name => SwitchByName(call, name).Id).ToHashSet();
        if (!call.ShouldProcess(string.Join(", ", ids))) return;
        // The host's end goes with it, and with that its addresses.
        var ends = call.State.Switches().Where(one => ids.Contains(one.Id)).Select(HostNetworkCmdlets.AliasOf).ToHashSet();
        var network = call.State.Network();
        network.Addresses.RemoveAll(one => ends.Contains(one.InterfaceAlias));
        call.State.SaveNetwork(network);
        call.State.SaveSwitches(call.State.Switches().Where(one => !ids.Contains(one.Id)));
        foreach (var machine in call.State.Machines())
        {
            foreach (var adapter in machine.Adapters.Where(one => one.SwitchId is { } id && ids.Contains(id))) adapter.SwitchId = null;
            call.State.Save(machine);
        }
    }

    public static SwitchState SwitchByName(Call call, string name) =>
        call.State.Switches().Find(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw new Refusal("switch-not-found", name);

    private static void SetMac(Call call, MachineAdapter adapter)
    {
        if (call.Has("StaticMacAddress"))
        {
            adapter.Mac = MacAddress.Plain(call.Text("StaticMacAddress"));
            adapter.DynamicMac = false;
        }
        if (call.Switch("DynamicMacAddress")) adapter.DynamicMac = true;
    }

    private static List<(Machine Machine, MachineAdapter Adapter)> Chosen(Call call)
    {
        var given = call.Get<VMNetworkAdapterBase[]>("VMNetworkAdapter", []);
        if (given.Length > 0)
            return given.Select(one => (call.ById(one.VMId), one.Id))
                .SelectMany(one => one.Item1.Adapters.Where(adapter => adapter.Id == one.Id).Select(adapter => (one.Item1, adapter)))
                .ToList();
        var pattern = call.Has("VMName") || call.Has("VM") ? call.Get("Name", "*") : "*";
        var wildcard = new WildcardPattern(pattern, WildcardOptions.IgnoreCase);
        return call.Machines().SelectMany(machine => machine.Adapters.Where(one => wildcard.IsMatch(one.Name)).Select(one => (machine, one))).ToList();
    }
}
