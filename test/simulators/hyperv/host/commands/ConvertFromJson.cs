using System.Management.Automation;
using System.Text.Json;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>5.1's: objects only (no -AsHashtable), a whole array as one object in the pipeline, names without regard to case.</summary>
[Cmdlet(VerbsData.ConvertFrom, "Json")]
public sealed class ConvertFromJson : PSCmdlet
{
    private readonly List<string> _lines = [];

    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [AllowEmptyString]
    public string InputObject { get; set; } = "";

    protected override void ProcessRecord() => _lines.Add(InputObject);

    protected override void EndProcessing()
    {
        try
        {
            using var document = JsonDocument.Parse(string.Join("\n", _lines));
            WriteObject(Of(document.RootElement), false);
        }
        catch (JsonException fault)
        {
            ThrowTerminatingError(new ErrorRecord(
                new ArgumentException($"Invalid JSON primitive: {fault.Message}"), "System.ArgumentException", ErrorCategory.NotSpecified, null));
        }
    }

    private static object? Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => OfObject(element),
        JsonValueKind.Array => element.EnumerateArray().Select(Of).ToArray(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => OfNumber(element),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static object OfNumber(JsonElement element)
    {
        if (element.TryGetInt32(out var small)) return small;
        if (element.TryGetInt64(out var large)) return large;
        return element.TryGetDecimal(out var exact) ? exact : element.GetDouble();
    }

    private static PSObject OfObject(JsonElement element)
    {
        var result = new PSObject();
        foreach (var member in element.EnumerateObject()) result.Properties.Add(new PSNoteProperty(member.Name, Of(member.Value)));
        return result;
    }
}
