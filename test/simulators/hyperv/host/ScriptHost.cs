using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace AzlVm.HyperV.Host;

/// <summary>What a script sees of a powershell.exe whose streams are pipes and which may not ask.</summary>
internal sealed class ScriptHost(TextWriter output, TextWriter error) : PSHost
{
    private readonly ScriptUi _ui = new(output);

    public bool ShouldExit { get; private set; }
    public int ExitCode { get; private set; }
    public override string Name => "ConsoleHost";
    public override Version Version => new(5, 1);
    public override Guid InstanceId { get; } = Guid.NewGuid();
    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;
    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;
    public override PSHostUserInterface UI => _ui;

    public override void SetShouldExit(int exitCode)
    {
        ShouldExit = true;
        ExitCode = exitCode;
    }

    /// <summary>As the console prints it, near enough for people; nobody parses this.</summary>
    public void WriteError(ErrorRecord record)
    {
        var command = record.InvocationInfo?.MyCommand?.Name;
        error.WriteLine($"{(command is null ? "" : $"{command} : ")}{record.Exception.Message}");
        if (record.InvocationInfo?.PositionMessage is { Length: > 0 } position) error.WriteLine(position);
        error.WriteLine($"    + CategoryInfo          : {record.CategoryInfo}");
        error.WriteLine($"    + FullyQualifiedErrorId : {record.FullyQualifiedErrorId}");
    }

    public override void EnterNestedPrompt() => throw NotInteractive();
    public override void ExitNestedPrompt() => throw NotInteractive();
    public override void NotifyBeginApplication() { }
    public override void NotifyEndApplication() { }

    private static PSInvalidOperationException NotInteractive() =>
        new("PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.");

    private sealed class ScriptUi(TextWriter output) : PSHostUserInterface
    {
        public override PSHostRawUserInterface? RawUI => null;

        public override void Write(string value) => output.Write(value);
        public override void Write(ConsoleColor foreground, ConsoleColor background, string value) => output.Write(value);
        public override void WriteLine(string value) => output.WriteLine(value);
        public override void WriteErrorLine(string value) => output.WriteLine(value);

        // These streams go to stdout, with their names before them.
        public override void WriteDebugLine(string message) => output.WriteLine($"DEBUG: {message}");
        public override void WriteVerboseLine(string message) => output.WriteLine($"VERBOSE: {message}");
        public override void WriteWarningLine(string message) => output.WriteLine($"WARNING: {message}");
        public override void WriteProgress(long sourceId, ProgressRecord record) { }

        public override string ReadLine() => throw NotInteractive();
        public override SecureString ReadLineAsSecureString() => throw NotInteractive();

        public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) =>
            throw NotInteractive();

        public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) =>
            throw NotInteractive();

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
            throw NotInteractive();

        public override PSCredential PromptForCredential(
            string caption, string message, string userName, string targetName,
            PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) => throw NotInteractive();
    }
}
