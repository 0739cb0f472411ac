namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>
/// Without rights a query returns nothing and no error (devhome#2476, libhvee#224), or the permission text
/// (minikube#6732); a changing cmdlet always says it.
/// </summary>
public static class Permission
{
    public static bool Allows(Call call)
    {
        var rights = call.State.Knobs.Rights;
        if (rights == "full") return true;
        if (rights == "none-silent" && call.Name.StartsWith("Get-", StringComparison.Ordinal)) return false;
        throw new Refusal("no-permission", Environment.MachineName);
    }
}
