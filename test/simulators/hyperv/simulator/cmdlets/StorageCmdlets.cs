using System.Management.Automation;

namespace AzlVm.HyperV.Simulator.Cmdlets;

/// <summary>The module Storage, as far as the check of a folder asks it; every path lies on the one volume of the knobs.</summary>
internal static class StorageCmdlets
{
    [Plays("Get-Volume")]
    public static void GetVolume(Call call)
    {
        var volume = new PSObject();
        volume.Properties.Add(new PSNoteProperty("FileSystem", call.State.Knobs.FileSystem));
        volume.Properties.Add(new PSNoteProperty("SizeRemaining", (ulong)call.State.Knobs.FreeDiskBytes));
        call.Write(volume);
    }

    /// <summary>Only ReFS has it (WPD Get-FileIntegrity).</summary>
    [Plays("Get-FileIntegrity")]
    public static void GetIntegrity(Call call)
    {
        if (call.State.Knobs.FileSystem != "ReFS") throw new Refusal("no-integrity");
        var integrity = new PSObject();
        integrity.Properties.Add(new PSNoteProperty("Enabled", call.State.Knobs.Integrity));
        call.Write(integrity);
    }
}
