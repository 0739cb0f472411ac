namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>
/// Without rights a query returns nothing and no error (devhome#2476, libhvee#224), or the permission text
/// (minikube#6732); a changing cmdlet always says it. What changes the host's own network is for administrators, and
/// members of Hyper-V Administrators are none (hyperv.md section 2).
/// </summary>
public static class Permission
{
    public static bool Allows(Call call)
    {
        var rights = call.State.Knobs.Rights;
        if (rights == "full") return true;
        var isOfTheNetwork = call.Name.Contains("-Net", StringComparison.Ordinal);
        var isChange = !call.Name.StartsWith("Get-", StringComparison.Ordinal);
        if (isOfTheNetwork && isChange) throw new Refusal("network-access-denied");
        if (isOfTheNetwork || rights == "hyper-v-administrators") return true;
        if (rights == "none-silent" && call.Name.StartsWith("Get-", StringComparison.Ordinal)) return false;
        throw new Refusal("no-permission", Environment.MachineName);
    }
}
