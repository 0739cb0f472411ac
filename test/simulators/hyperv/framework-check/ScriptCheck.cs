using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;

namespace AzlVm.HyperV.FrameworkCheck;

internal sealed record Fault(int Line, string What);

/// <summary>One script: every type it names, every member it reads or calls, every place where it counts or indexes.</summary>
internal sealed class ScriptCheck(FrameworkTypes framework, Inference inference)
{
    private const BindingFlags Members = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;
    private static readonly string[] EveryObject = ["GetType", "ToString", "Equals", "GetHashCode"];
    private static readonly string[] Counts = ["Count", "Length"];

    private readonly Overloads _there = new(framework.Find);
    private readonly Overloads _here = new(type => type);

    public IEnumerable<Fault> Check(Ast tree) =>
        tree.FindAll(_ => true, true)
            .SelectMany(ast => FaultsOf(ast).Select(what => new Fault(ast.Extent.StartLineNumber, what)))
            .OrderBy(fault => fault.Line);

    private IEnumerable<string> FaultsOf(Ast ast) => ast switch
    {
        TypeExpressionAst type => OfType(type.TypeName),
        TypeConstraintAst type => OfType(type.TypeName),
        InvokeMemberExpressionAst call => OfCall(call),
        MemberExpressionAst member => OfMember(member),
        IndexExpressionAst index => OfIndex(index),
        _ => [],
    };

    private IEnumerable<string> OfType(ITypeName name)
    {
        var type = name.GetReflectionType();
        if (type is null) return [$"no type [{name.FullName}]"];
        return IsEngines(type) || framework.Find(type) is not null ? [] : [$"[{name.FullName}] is not in .NET Framework 4.7.2"];
    }

    /// <summary>[ref], [switch] and [pscustomobject] are the language's own.</summary>
    private static bool IsEngines(Type type) => type == typeof(PSReference) || type == typeof(PSObject) || type == typeof(SwitchParameter);

    /// <summary>Null where a type is named that is not there, which is told once, at its name.</summary>
    private IReadOnlyList<Type>? OwnersOf(MemberExpressionAst member)
    {
        if (!member.Static || member.Expression is not TypeExpressionAst type) return inference.TypesOf(member.Expression);
        return type.TypeName.GetReflectionType() is { } named ? [named] : null;
    }

    private IEnumerable<string> OfCall(InvokeMemberExpressionAst call)
    {
        if (call.Member is not StringConstantExpressionAst { Value: var name }) return ["a method whose name is computed"];
        if (EveryObject.Contains(name, StringComparer.OrdinalIgnoreCase) && (call.Arguments?.Count ?? 0) == 0) return [];
        if (OwnersOf(call) is not { } owners) return [];
        if (owners.Count == 0) return [$"{call.Expression.Extent.Text}.{name}(): of what type? Say it by a cast, so that it can be checked"];
        var arguments = (call.Arguments ?? Enumerable.Empty<ExpressionAst>()).Select(ArgumentOf).ToArray();
        return owners.SelectMany(owner => OfOverload(owner, name, call.Static, arguments));
    }

    private IEnumerable<string> OfOverload(Type owner, string name, bool isStatic, IReadOnlyList<Argument> arguments)
    {
        var there = framework.Find(owner);
        if (there is null) yield break; // told where the type is named
        var methods = Methods(there, name, isStatic).ToArray();
        var text = $"{owner.Name}{(isStatic ? "::" : ".")}{name}({string.Join(", ", arguments.Select(Told))})";
        var fit = _there.Best(methods, arguments);
        if (fit == Fit.None) yield return $"no {text} in .NET Framework 4.7.2";
        else if (fit == Fit.Converted && _here.Best(Methods(owner, name, isStatic), arguments) == Fit.Plain)
            yield return $"{text} binds in .NET Framework 4.7.2 only by a conversion, and may mean something else there";
    }

    private static string Told(Argument argument) =>
        argument.IsReference ? "ref" : argument.Types.Count == 0 ? "?" : string.Join("|", argument.Types.Select(type => type.Name));

    private static IEnumerable<MethodBase> Methods(Type type, string name, bool isStatic)
    {
        if (isStatic && name.Equals("new", StringComparison.OrdinalIgnoreCase)) return type.GetConstructors();
        return WithParents(type)
            .SelectMany(each => each.GetMethods(Members))
            .Where(method => method.IsStatic == isStatic && method.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The methods of an interface do not hold those of the interfaces that it extends.</summary>
    private static IEnumerable<Type> WithParents(Type type) => type.IsInterface ? [type, .. type.GetInterfaces()] : [type];

    private Argument ArgumentOf(ExpressionAst ast)
    {
        if (ast is ConvertExpressionAst { Type.TypeName.Name: "ref" }) return new Argument([], null, true);
        var constant = ast is ConstantExpressionAst { Value: var value } ? value : null;
        return new Argument(constant is null ? inference.TypesOf(ast) : [constant.GetType()], constant, false);
    }

    private IEnumerable<string> OfMember(MemberExpressionAst member)
    {
        if (member.Member is not StringConstantExpressionAst { Value: var name }) return [];
        if (OwnersOf(member) is not { } owners) return [];
        var text = $"{member.Expression.Extent.Text}.{name}";
        if (owners.Count == 0)
            return Counts.Contains(name, StringComparer.OrdinalIgnoreCase)
                ? [$"{text}: surely an array? 5.1 has no {name} on a lone object; write @(...)"]
                : [];
        return owners.Where(owner => !HasMember(owner, name)).Select(owner => $"no {owner.Name}.{name} in .NET Framework 4.7.2");
    }

    /// <summary>Keys of a dictionary read as members, and the engine's own objects have members of their own.</summary>
    private bool HasMember(Type owner, string name)
    {
        if (typeof(IDictionary).IsAssignableFrom(owner) || owner == typeof(PSObject)) return true;
        if (owner.IsArray && Counts.Contains(name, StringComparer.OrdinalIgnoreCase)) return true; // Count is PowerShell's own there
        if (framework.Find(owner) is not { } there) return true; // told where the type is named
        return WithParents(there).Any(type => type.GetMembers(Members).Any(member =>
            member is PropertyInfo or FieldInfo && member.Name.Equals(name, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>A text is a key, and never a place in an array.</summary>
    private IEnumerable<string> OfIndex(IndexExpressionAst index)
    {
        if (index.Index is StringConstantExpressionAst) return [];
        var owners = inference.TypesOf(index.Target);
        var isSure = owners.Count > 0 && owners.All(owner => owner.IsArray || framework.Find(owner)?.GetProperties().Any(IsIndexer) == true);
        return isSure ? [] : [$"{index.Extent.Text}: surely an array? Write @(...)"];
    }

    private static bool IsIndexer(PropertyInfo property) => property.GetIndexParameters().Length > 0;
}
