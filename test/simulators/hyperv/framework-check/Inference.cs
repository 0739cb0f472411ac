using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace AzlVm.HyperV.FrameworkCheck;

/// <summary>The types of an expression as the engine's own completion infers them; it is internal there.</summary>
internal sealed class Inference : IDisposable
{
    private readonly Runspace _runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
    private readonly PowerShell _shell;
    private readonly MethodInfo _infer;

    public Inference()
    {
        _runspace.Open();
        _shell = PowerShell.Create(_runspace);
        var type = typeof(PSObject).Assembly.GetType("System.Management.Automation.AstTypeInference", true)!;
        _infer = type.GetMethod("InferTypeOf", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, [typeof(Ast), typeof(PowerShell)])!;
    }

    /// <summary>Empty where nothing is sure: one unknown possibility makes all of it unknown.</summary>
    public IReadOnlyList<Type> TypesOf(Ast ast)
    {
        if (ast is ConvertExpressionAst cast && cast.Type.TypeName.GetReflectionType() is { } named) return [named];
        if (ast is ParenExpressionAst { Pipeline: PipelineAst { PipelineElements: [CommandExpressionAst inner] } }) return TypesOf(inner.Expression);
        if (ast is ArrayExpressionAst or ArrayLiteralAst) return [typeof(object[])];
        if (ast is VariableExpressionAst { VariablePath.UserPath: "null" }) return [];
        if (IsGetCommand(ast)) return [typeof(CommandInfo)];
        var inferred = Inferred(ast);
        return inferred.Count == 0 && ast is MemberExpressionAst { Static: false } and not InvokeMemberExpressionAst ? OfProperty((MemberExpressionAst)ast) : inferred;
    }

    private IReadOnlyList<Type> Inferred(Ast ast)
    {
        var names = (IEnumerable<PSTypeName>)_infer.Invoke(null, [ast, _shell])!;
        // Overloads with spans came after .NET Framework, and PowerShell can hold no span.
        var types = names.Select(name => name.Type).Distinct().Where(type => type is not { IsByRefLike: true }).ToArray();
        return types.Any(type => type is null || type == typeof(object) || type == typeof(PSObject)) ? [] : [.. types.Select(Public!)];
    }

    private IReadOnlyList<Type> OfProperty(MemberExpressionAst member)
    {
        if (member.Member is not StringConstantExpressionAst { Value: var name }) return [];
        var properties = TypesOf(member.Expression).Select(owner => owner.GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase));
        var types = properties.Select(property => property?.PropertyType).ToArray();
        return types.Contains(null) ? [] : [.. types.Select(type => type!)];
    }

    /// <summary>The guard of a parameter that not every Windows has; the engine infers nothing of it.</summary>
    private static bool IsGetCommand(Ast ast) =>
        ast is ParenExpressionAst { Pipeline: PipelineAst { PipelineElements: [CommandAst command] } } && command.GetCommandName() == "Get-Command";

    private static Type Public(Type type)
    {
        while (!type.IsVisible && type.BaseType is { } parent) type = parent;
        return type;
    }

    public void Dispose()
    {
        _shell.Dispose();
        _runspace.Dispose();
    }
}
