namespace AzlVm.HyperV.Simulator.Objects;

/// <summary>Ids: vagrant plugins/providers/hyperv/driver.rb. The German names are assumed; that they differ is not.</summary>
public sealed record IntegrationService(string Id, string English, string German)
{
    public static readonly IReadOnlyList<IntegrationService> All =
    [
        new("6C09BB55-D683-4DA0-8931-C9BF705F6480", "Guest Service Interface", "Gastdienstschnittstelle"),
        new("84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47", "Heartbeat", "Takt"),
        new("2A34B1C2-FD73-4043-8A5B-DD2159BC743F", "Key-Value Pair Exchange", "Austausch von Schlüsselwertepaaren"),
        new("9F8233AC-BE49-4C79-8EE3-E7E1985B2077", "Shutdown", "Herunterfahren"),
        new("2497F4DE-E9FA-4204-80E4-4B75C46419C0", "Time Synchronization", "Zeitsynchronisierung"),
        new("5CED1297-4598-4915-A5FC-AD21BB4D02A4", "VSS", "VSS"),
    ];
}
