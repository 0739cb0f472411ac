using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace AzlVm.HyperV.Host.Commands;

/// <summary>
/// 5.1's: depth 2 and cut without a word below it, enums as numbers, /Date(ms)/, one piped element is no array,
/// non-ASCII raw. Its indentation is not played: always compressed.
/// </summary>
[Cmdlet(VerbsData.ConvertTo, "Json")]
public sealed class ConvertToJson : PSCmdlet
{
    private readonly List<object?> _values = [];

    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)]
    [AllowNull]
    public object? InputObject { get; set; }

    [Parameter]
    [ValidateRange(1, 100)]
    public int Depth { get; set; } = 2;

    [Parameter]
    public SwitchParameter Compress { get; set; }

    protected override void ProcessRecord() => _values.Add(InputObject);

    protected override void EndProcessing()
    {
        if (_values.Count == 0) return;
        var text = new StringBuilder();
        Write(text, _values.Count == 1 ? _values[0] : _values, 0);
        WriteObject(text.ToString());
    }

    private void Write(StringBuilder text, object? value, int depth)
    {
        var plain = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        switch (plain)
        {
            case null:
                text.Append("null");
                break;
            case string or char or Guid or Uri or Version:
                WriteString(text, plain.ToString()!);
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case SwitchParameter flag:
                text.Append("{\"IsPresent\":").Append(flag.IsPresent ? "true" : "false").Append('}');
                break;
            case Enum member:
                text.Append(Convert.ToInt64(member, CultureInfo.InvariantCulture));
                break;
            case DateTime time:
                text.Append("\"\\/Date(").Append(new DateTimeOffset(time).ToUnixTimeMilliseconds()).Append(")\\/\"");
                break;
            case IFormattable number when number.GetType().IsPrimitive || number is decimal:
                text.Append(number.ToString(null, CultureInfo.InvariantCulture));
                break;
            default:
                WriteCompound(text, plain, value!, depth);
                break;
        }
    }

    private void WriteCompound(StringBuilder text, object plain, object value, int depth)
    {
        if (depth > Depth)
        {
            WriteString(text, value.ToString() ?? "");
            return;
        }
        if (plain is IDictionary map)
            WriteObject(text, map.Cast<DictionaryEntry>().Select(entry => ($"{entry.Key}", entry.Value)), depth);
        else if (plain is IEnumerable list)
            WriteList(text, list, depth);
        else
            WriteObject(text, PSObject.AsPSObject(value).Properties.Select(property => (property.Name, ValueOf(property))), depth);
    }

    private static object? ValueOf(PSPropertyInfo property)
    {
        try
        {
            return property.Value;
        }
        catch (GetValueException)
        {
            return null;
        }
    }

    private void WriteList(StringBuilder text, IEnumerable list, int depth)
    {
        text.Append('[');
        var separator = "";
        foreach (var element in list)
        {
            text.Append(separator);
            Write(text, element, depth + 1);
            separator = ",";
        }
        text.Append(']');
    }

    private void WriteObject(StringBuilder text, IEnumerable<(string Name, object? Value)> members, int depth)
    {
        text.Append('{');
        var separator = "";
        foreach (var (name, value) in members)
        {
            text.Append(separator);
            WriteString(text, name);
            text.Append(':');
            Write(text, value, depth + 1);
            separator = ",";
        }
        text.Append('}');
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var character in value)
        {
            text.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                // JavaScriptSerializer, which 5.1 uses, escapes these.
                '<' or '>' or '&' or '\'' => $"\\u{(int)character:x4}",
                < ' ' => $"\\u{(int)character:x4}",
                _ => character.ToString(),
            });
        }
        text.Append('"');
    }
}
