namespace AzlVm.HyperV.Simulator.Rules;

/// <summary>What New-VM makes, from defaults.json: by the rules of test/hyperv-host/rules.json, in their words.</summary>
public static class Defaults
{
    private static readonly Lazy<Dictionary<string, string>> All = new(() => Fixture.Read<DefaultsFile>("defaults.json").Values);

    private sealed record DefaultsFile(Dictionary<string, string> Values);

    public static string Of(string rule) => All.Value[rule];

    public static int Count(string rule) => int.Parse(Of(rule), System.Globalization.CultureInfo.InvariantCulture);

    public static T Named<T>(string rule) where T : struct, Enum => Enum.Parse<T>(Of(rule), true);
}
