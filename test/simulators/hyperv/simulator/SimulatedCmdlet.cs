using System.Management.Automation;
using System.Reflection;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator;

/// <summary>Marks the static method that plays a cmdlet: <c>void Method(Call call)</c>.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class PlaysAttribute(string cmdlet) : Attribute
{
    public string Cmdlet { get; } = cmdlet;
}

/// <summary>
/// What every generated cmdlet is: its parameters are bound by the engine, then the method that plays it is called
/// with the state's lock held.
/// </summary>
public abstract class SimulatedCmdlet : PSCmdlet
{
    private static readonly Lazy<Dictionary<string, Action<Call>>> Played = new(FindPlayed);

    protected override void ProcessRecord()
    {
        var name = MyInvocation.MyCommand.Name;
        List<object> output = [];
        try
        {
            using var call = new Call(this, name);
            output = call.Output;
            if (!Played.Value.TryGetValue(name, out var play)) throw new Refusal("not-played", name);
            if (call.Has("AsJob")) throw new Refusal("not-played", $"{name} -AsJob");
            if (call.Has("ComputerName") || call.Has("CimSession")) throw new Refusal("not-played", $"{name} on another computer");
            if (call.State.Knobs.Faults.TryGetValue(name, out var fault)) throw new Refusal(fault, name, Guid.Empty, "");
            if (!Rules.Permission.Allows(call)) return;
            play(call);
        }
        catch (Refusal refusal)
        {
            WriteError(new ErrorRecord(
                new VirtualizationException(refusal.Message, refusal.Error.Id, refusal.Category),
                refusal.Error.Id, refusal.Category, refusal.Target));
        }
        foreach (var value in output) WriteObject(value);
    }

    private static Dictionary<string, Action<Call>> FindPlayed() =>
        (from type in typeof(SimulatedCmdlet).Assembly.GetTypes()
         from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
         from attribute in method.GetCustomAttributes<PlaysAttribute>()
         select (attribute.Cmdlet, Play: method.CreateDelegate<Action<Call>>()))
        .ToDictionary(pair => pair.Cmdlet, pair => pair.Play, StringComparer.OrdinalIgnoreCase);
}
