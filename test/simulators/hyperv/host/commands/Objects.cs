using System.Collections;
using System.Management.Automation;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>-TypeName with -ArgumentList and -Property; no COM.</summary>
[Cmdlet(VerbsCommon.New, "Object")]
public sealed class NewObject : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true)]
    public string TypeName { get; set; } = "";

    [Parameter(Position = 1)]
    [Alias("Args")]
    public object[] ArgumentList { get; set; } = [];

    [Parameter]
    public IDictionary? Property { get; set; }

    protected override void EndProcessing()
    {
        if (TypeName.ToUpperInvariant() is "PSOBJECT" or "SYSTEM.MANAGEMENT.AUTOMATION.PSOBJECT")
        {
            var made = new PSObject();
            foreach (DictionaryEntry entry in Property ?? new Hashtable()) made.Properties.Add(new PSNoteProperty($"{entry.Key}", entry.Value));
            WriteObject(made);
            return;
        }
        var script = ScriptBlock.Create("param($type, $arguments) $type::new.Invoke($arguments)");
        var type = LanguagePrimitives.ConvertTo<Type>(TypeName);
        WriteObject(SessionState.InvokeCommand.InvokeScript(false, script, null, type, ArgumentList)[0]);
    }
}

/// <summary>-Property by name, -ExpandProperty, -First, -Last; no calculated ones.</summary>
[Cmdlet(VerbsCommon.Select, "Object")]
public sealed class SelectObject : PSCmdlet
{
    private readonly List<PSObject> _values = [];

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Position = 0)]
    public string[]? Property { get; set; }

    [Parameter]
    public string? ExpandProperty { get; set; }

    [Parameter]
    public int First { get; set; } = int.MaxValue;

    [Parameter]
    public int Last { get; set; } = int.MaxValue;

    protected override void ProcessRecord()
    {
        if (InputObject is not null) _values.Add(InputObject);
    }

    protected override void EndProcessing()
    {
        foreach (var value in _values.TakeLast(Last).Take(First))
        {
            if (ExpandProperty is not null) WriteObject(value.Properties[ExpandProperty]?.Value, true);
            else WriteObject(Property is null ? value : Selected(value, Property));
        }
    }

    private static PSObject Selected(PSObject value, string[] names)
    {
        var result = new PSObject();
        foreach (var name in names) result.Properties.Add(new PSNoteProperty(name, value.Properties[name]?.Value));
        return result;
    }
}

/// <summary>By one property or by the values themselves, up or down.</summary>
[Cmdlet("Sort", "Object")]
public sealed class SortObject : PSCmdlet
{
    private readonly List<PSObject> _values = [];

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Position = 0)]
    public string? Property { get; set; }

    [Parameter]
    public SwitchParameter Descending { get; set; }

    protected override void ProcessRecord()
    {
        if (InputObject is not null) _values.Add(InputObject);
    }

    protected override void EndProcessing()
    {
        var order = Comparer<object?>.Create((one, other) => LanguagePrimitives.Compare(one, other, true));
        var sorted = _values.OrderBy(value => Property is null ? value : value.Properties[Property]?.Value, order);
        WriteObject(Descending ? sorted.Reverse() : sorted, true);
    }
}

[Cmdlet(VerbsCommunications.Write, "Output")]
public sealed class WriteOutput : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromRemainingArguments = true)]
    [AllowNull]
    [AllowEmptyCollection]
    public PSObject?[] InputObject { get; set; } = [];

    [Parameter]
    public SwitchParameter NoEnumerate { get; set; }

    protected override void ProcessRecord() => WriteObject(InputObject, !NoEnumerate);
}

[Cmdlet(VerbsCommunications.Write, "Warning")]
public sealed class WriteWarning : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [AllowEmptyString]
    public string Message { get; set; } = "";

    protected override void ProcessRecord() => WriteWarning(Message);
}

[Cmdlet(VerbsLifecycle.Start, "Sleep", DefaultParameterSetName = "Seconds")]
public sealed class StartSleep : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Seconds", ValueFromPipeline = true)]
    [ValidateRange(0, 2147483)]
    public int Seconds { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "Milliseconds")]
    [ValidateRange(0, int.MaxValue)]
    public int Milliseconds { get; set; }

    protected override void EndProcessing() =>
        Thread.Sleep(ParameterSetName == "Seconds" ? TimeSpan.FromSeconds(Seconds) : TimeSpan.FromMilliseconds(Milliseconds));
}
