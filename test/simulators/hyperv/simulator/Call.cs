using System.Management.Automation;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator;

/// <summary>One call of a cmdlet: what was bound, the host's state (locked until disposed), the output.</summary>
public sealed class Call(PSCmdlet cmdlet, string name) : IDisposable
{
    private readonly Dictionary<string, object> _bound = cmdlet.MyInvocation.BoundParameters;

    public string Name { get; } = name;
    public HostState State { get; private set; } = HostState.Open(name);

    public bool Has(string parameter) => _bound.ContainsKey(parameter);

    /// <summary>A bound parameter, or the default where it was not given.</summary>
    public T Get<T>(string parameter, T otherwise)
    {
        if (!_bound.TryGetValue(parameter, out var value)) return otherwise;
        if (value is PSObject wrapped && typeof(T) != typeof(PSObject)) value = wrapped.BaseObject;
        return value is T typed ? typed : (T)LanguagePrimitives.ConvertTo(value, typeof(T))!;
    }

    /// <summary>A string parameter that was given, null being the empty string.</summary>
    public string Text(string parameter) => Get<string?>(parameter, null) ?? "";

    public bool Switch(string parameter) => Get(parameter, new SwitchParameter(false)).IsPresent;

    /// <summary>Written when the lock is given back: what stands behind this cmdlet in a pipeline needs it.</summary>
    public List<object> Output { get; } = [];

    public void Write(object value) => Output.Add(value);

    /// <summary>-WhatIf and -Confirm.</summary>
    public bool ShouldProcess(string target) => cmdlet.ShouldProcess(target);

    public void Warn(string message) => cmdlet.WriteWarning(message);

    /// <summary>A path as Hyper-V sees it: absolute, by PowerShell's location, never the process's.</summary>
    public string FullPath(string path) => cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    /// <summary>Lets others at the state while this call waits, then looks again.</summary>
    public void Unlocked(Action wait)
    {
        State.Dispose();
        try
        {
            wait();
        }
        finally
        {
            State = HostState.Open(Name);
        }
    }

    /// <summary>The machines meant by -VM, -Id, -VMName or -Name; names are patterns and may fit several.</summary>
    public List<Machine> Machines()
    {
        var all = State.Machines();
        if (Has("VM")) return Get<VirtualMachine[]>("VM", []).Select(vm => ById(all, vm.Id)).ToList();
        if (Has("Id")) return [ById(all, Get("Id", Guid.Empty))];
        var parameter = Has("VMName") ? "VMName" : "Name";
        if (!Has(parameter)) return all;
        return Get<string[]>(parameter, []).SelectMany(pattern => ByName(all, pattern)).DistinctBy(machine => machine.Id).ToList();
    }

    public Machine ById(Guid id) => ById(State.Machines(), id);

    private static Machine ById(List<Machine> all, Guid id) =>
        all.FirstOrDefault(machine => machine.Id == id) ?? throw new Refusal("vm-id-not-found", id) { Target = id };

    private List<Machine> ByName(List<Machine> all, string pattern)
    {
        var wildcard = new WildcardPattern(pattern, WildcardOptions.IgnoreCase);
        var found = all.Where(machine => wildcard.IsMatch(machine.Name)).ToList();
        if (found.Count > 0 || WildcardPattern.ContainsWildcardCharacters(pattern)) return found;
        throw Name == "Get-VM"
            ? new Refusal("vm-not-found", pattern) { Target = pattern }
            : new Refusal("vm-not-found-elsewhere", pattern);
    }

    public void Dispose() => State.Dispose();
}
