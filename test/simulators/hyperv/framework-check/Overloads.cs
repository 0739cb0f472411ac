using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;

namespace AzlVm.HyperV.FrameworkCheck;

/// <summary>An argument: what is known of its type (empty: nothing), and its text where it is a constant.</summary>
internal sealed record Argument(IReadOnlyList<Type> Types, object? Constant, bool IsReference);

internal enum Fit
{
    None,
    /// <summary>PowerShell converts an argument, so that another runtime may choose another overload.</summary>
    Converted,
    Plain,
}

/// <summary>Whether a call's arguments bind to a method, near enough to PowerShell's rules.</summary>
internal sealed class Overloads(Func<Type, Type?> map)
{
    public Fit Best(IEnumerable<MethodBase> methods, IReadOnlyList<Argument> arguments) =>
        methods.Select(method => FitOf(method.GetParameters(), arguments)).DefaultIfEmpty(Fit.None).Max();

    private Fit FitOf(ParameterInfo[] parameters, IReadOnlyList<Argument> arguments)
    {
        var fit = Fixed(parameters, arguments);
        if (fit != Fit.None || parameters is not [.., var last] || !IsParams(last)) return fit;
        var element = last.ParameterType.GetElementType()!;
        var before = parameters.Length - 1;
        if (arguments.Count < before) return Fit.None;
        var each = arguments.Select((argument, at) => One(at < before ? parameters[at].ParameterType : element, argument));
        return each.DefaultIfEmpty(Fit.Plain).Min();
    }

    private Fit Fixed(ParameterInfo[] parameters, IReadOnlyList<Argument> arguments)
    {
        if (arguments.Count > parameters.Length || parameters.Skip(arguments.Count).Any(parameter => !parameter.IsOptional)) return Fit.None;
        return arguments.Select((argument, at) => One(parameters[at].ParameterType, argument)).DefaultIfEmpty(Fit.Plain).Min();
    }

    private static bool IsParams(ParameterInfo parameter) =>
        parameter.ParameterType.IsArray && parameter.CustomAttributes.Any(each => each.AttributeType.FullName == typeof(ParamArrayAttribute).FullName);

    private Fit One(Type wanted, Argument argument)
    {
        if (argument.IsReference != wanted.IsByRef) return Fit.None;
        if (argument.IsReference || argument.Types.Count == 0) return Fit.Plain;
        return argument.Types.Select(type => One(wanted, type, argument.Constant)).Min();
    }

    private Fit One(Type wanted, Type given, object? constant)
    {
        var same = map(given);
        if (same is not null && wanted.IsAssignableFrom(same)) return Fit.Plain;
        if (IsNumber(wanted) && IsNumber(given)) return Fit.Plain;
        if (given.IsArray && wanted.IsArray) return Fit.Plain;
        if (wanted.IsEnum && constant is string name)
            return wanted.GetFields().Any(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ? Fit.Plain : Fit.None;
        if (given == typeof(ScriptBlock) && wanted.BaseType?.FullName == typeof(MulticastDelegate).FullName) return Fit.Plain;
        // One character means the same however it is bound.
        if (constant is string { Length: 1 } && wanted.FullName is "System.Char" or "System.Char[]") return Fit.Plain;
        if (wanted.FullName == "System.String" && given == typeof(NullString)) return Fit.Plain;
        if (wanted.FullName == "System.String") return given.IsPrimitive || given.IsEnum ? Fit.Converted : Fit.None;
        if (given == typeof(string) && (wanted.FullName == "System.Char[]" || ReadsText(wanted))) return Fit.Converted;
        return Fit.None;
    }

    private static bool IsNumber(Type type) =>
        type.IsPrimitive && type.FullName is not ("System.Boolean" or "System.Char") || type.IsEnum;

    /// <summary>PowerShell makes such a type of a text by Parse or a constructor.</summary>
    private static bool ReadsText(Type type) =>
        type.GetMethods().Any(method => method is { Name: "Parse", IsStatic: true } && method.GetParameters() is [{ ParameterType.FullName: "System.String" }])
        || type.GetConstructors().Any(method => method.GetParameters() is [{ ParameterType.FullName: "System.String" }]);
}
