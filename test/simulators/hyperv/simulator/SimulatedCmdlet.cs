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

/// <summary>What every generated cmdlet of the module Hyper-V is: its parameters are bound by the engine.</summary>
public abstract class SimulatedCmdlet : PSCmdlet
{
    protected override void ProcessRecord()
    {
        var refused = PlayedCommand.Run(this, MyInvocation.MyCommand.Name);
        if (refused is null) return;
        WriteError(new ErrorRecord(
            new VirtualizationException(refused.Message, refused.Error.Id, refused.Category, refused.Error.Hresult),
            refused.Error.Id, refused.Category, refused.Target));
    }
}

/// <summary>What a cmdlet, or a function of a module that is made of them, does once its parameters are bound.</summary>
public static class PlayedCommand
{
    private static readonly Lazy<Dictionary<string, Action<Call>>> Played = new(FindPlayed);

    /// <summary>Calls the method that plays it with the state's lock held; what it refused, or null.</summary>
    public static Refusal? Run(PSCmdlet cmdlet, string name)
    {
        var (refused, output) = CallTrace.Around(name, () => Play(cmdlet, name));
        foreach (var value in output) cmdlet.WriteObject(value);
        return refused;
    }

    private static (Refusal? Refused, List<object> Output) Play(PSCmdlet cmdlet, string name)
    {
        List<object> output = [];
        Refusal? refused = null;
        try
        {
            using var call = new Call(cmdlet, name);
            output = call.Output;
            if (!Played.Value.TryGetValue(name, out var play)) throw new Refusal("not-played", name);
            if (call.Has("AsJob")) throw new Refusal("not-played", $"{name} -AsJob");
            if (call.Has("ComputerName") || call.Has("CimSession")) throw new Refusal("not-played", $"{name} on another computer");
            if (call.State.Knobs.Faults.TryGetValue(name, out var fault)) throw new Refusal(fault, name, Guid.Empty, "");
            if (!Rules.Permission.Allows(call)) return (refused, output);
            KillPoint.PassScript(call, cmdlet, "before");
            play(call);
            KillPoint.PassScript(call, cmdlet, "after");
        }
        catch (Refusal refusal)
        {
            refused = refusal;
        }
        return (refused, output);
    }

    private static Dictionary<string, Action<Call>> FindPlayed() =>
        (from type in typeof(PlayedCommand).Assembly.GetTypes()
         from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
         from attribute in method.GetCustomAttributes<PlaysAttribute>()
         select (attribute.Cmdlet, Play: method.CreateDelegate<Action<Call>>()))
        .ToDictionary(pair => pair.Cmdlet, pair => pair.Play, StringComparer.OrdinalIgnoreCase);
}
