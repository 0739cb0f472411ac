using System.Management.Automation;
using AzlVm.HyperV.Simulator.State;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>A path parameter: -Path takes patterns, -LiteralPath takes the characters as they are.</summary>
public abstract class ItemCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Path", ValueFromPipeline = true)]
    public string[] Path { get; set; } = [];

    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    public string[] LiteralPath { get; set; } = [];

    protected bool IsLiteral => ParameterSetName == "LiteralPath";
    protected string[] Paths => IsLiteral ? LiteralPath : Path;
}

[Cmdlet(VerbsDiagnostic.Test, "Path", DefaultParameterSetName = "Path")]
public sealed class TestPath : ItemCommand
{
    [Parameter]
    [ValidateSet("Any", "Container", "Leaf")]
    public string PathType { get; set; } = "Any";

    protected override void ProcessRecord()
    {
        foreach (var path in Paths)
        {
            var exists = InvokeProvider.Item.Exists(path, false, IsLiteral);
            var isContainer = exists && InvokeProvider.Item.IsContainer(path);
            WriteObject(PathType switch { "Container" => isContainer, "Leaf" => exists && !isContainer, _ => exists });
        }
    }
}

[Cmdlet(VerbsCommon.Get, "Item", DefaultParameterSetName = "Path")]
public sealed class GetItem : ItemCommand
{
    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord()
    {
        foreach (var item in InvokeProvider.Item.Get(Paths, Force, IsLiteral))
        {
            // This system's folders know no compression and no encryption: a knob says it.
            if (item.BaseObject is DirectoryInfo)
                item.Properties.Add(new PSNoteProperty("Attributes", Enum.Parse<FileAttributes>(HostState.ReadKnobs(HostState.FolderFromEnvironment()).FolderAttributes)));
            WriteObject(item);
        }
    }
}

[Cmdlet(VerbsCommon.New, "Item", SupportsShouldProcess = true)]
public sealed class NewItem : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)]
    public string[] Path { get; set; } = [];

    [Parameter]
    [Alias("Type")]
    public string ItemType { get; set; } = "File";

    [Parameter(ValueFromPipeline = true)]
    public object? Value { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord()
    {
        foreach (var path in Path)
            if (ShouldProcess(path)) WriteObject(InvokeProvider.Item.New([path], null, ItemType, Value, Force), true);
    }
}

[Cmdlet(VerbsCommon.Remove, "Item", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class RemoveItem : ItemCommand
{
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord()
    {
        foreach (var path in Paths)
            if (ShouldProcess(path)) InvokeProvider.Item.Remove([path], Recurse, Force, IsLiteral);
    }
}
