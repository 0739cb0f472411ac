using System.Text.Json;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Simulator;

/// <summary>
/// The simulator's data files: errors.json, events.json, defaults.json. One of that name in the folder `fixtures` of the
/// state goes before the one that was built in, so that another host's evidence can be played without a build.
/// </summary>
public static class Fixture
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    public static T Read<T>(string name)
    {
        var own = Environment.GetEnvironmentVariable("AZL_SIM_STATE") is { } state ? Path.Combine(state, "fixtures", name) : "";
        if (File.Exists(own)) return JsonSerializer.Deserialize<T>(File.ReadAllText(own), Web)!;
        using var stream = typeof(Fixture).Assembly.GetManifestResourceStream(name)!;
        return JsonSerializer.Deserialize<T>(stream, Web)!;
    }
}
