using System.Diagnostics;

namespace AzlVm.HyperV.Simulator;

/// <summary>
/// Waiting that ends: what an idle computer does at once has its time on a busy one too, and then whoever waited says for
/// what. A test has three minutes: what went wrong is to be told before it is over.
/// </summary>
public static class Patience
{
    /// <summary>For a monitor's answer, and for a program to come up or to go.</summary>
    public static readonly TimeSpan Answer = TimeSpan.FromSeconds(60);

    /// <summary>For work on a disk or a machine's memory, and for a machine to start or to end.</summary>
    public static readonly TimeSpan Work = TimeSpan.FromSeconds(120);

    /// <summary>For the state's lock: whoever holds it may be at work.</summary>
    public static readonly TimeSpan Lock = TimeSpan.FromSeconds(150);

    /// <summary>Throws a TimeoutException with <paramref name="what"/> where it has not come in time.</summary>
    public static void Until(TimeSpan limit, Func<bool> hasCome, Func<string> what, int pollMs = 10)
    {
        var clock = Stopwatch.StartNew();
        while (!hasCome())
        {
            if (clock.Elapsed > limit) throw new TimeoutException($"waited {limit.TotalSeconds} s for {what()}");
            Thread.Sleep(pollMs);
        }
    }
}
