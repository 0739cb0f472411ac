using System.Globalization;
using System.Management.Automation;
using System.Text.Json;

namespace AzlVm.HyperV.Simulator
{
    /// <summary>One entry of errors.json.</summary>
    public sealed record KnownError(string Id, string Category, string Message);

    /// <summary>A rule that says no, in the words of errors.json; the cmdlet makes an error record of it.</summary>
    public sealed class Refusal(string key, params object[] facts) : Exception(Text(key, facts))
    {
        private static readonly Lazy<Dictionary<string, KnownError>> Known = new(Load);

        public KnownError Error { get; } = Known.Value[key];
        public object? Target { get; init; }

        public ErrorCategory Category => Enum.Parse<ErrorCategory>(Error.Category);

        private static string Text(string key, object[] facts) =>
            string.Format(CultureInfo.InvariantCulture, Known.Value[key].Message, facts);

        private static Dictionary<string, KnownError> Load()
        {
            using var stream = typeof(Refusal).Assembly.GetManifestResourceStream("errors.json")!;
            using var document = JsonDocument.Parse(stream);
            var web = new JsonSerializerOptions(JsonSerializerDefaults.Web);
            return document.RootElement.GetProperty("errors").Deserialize<Dictionary<string, KnownError>>(web)!;
        }
    }
}

namespace Microsoft.HyperV.PowerShell
{
    /// <summary>
    /// The module's own exception. Its members ErrorIdentifier and ErrorCategory: PowerShell/PowerShell#25761.
    /// </summary>
    public sealed class VirtualizationException(string message, string identifier, ErrorCategory category) : Exception(message)
    {
        public string ErrorIdentifier { get; } = identifier;
        public ErrorCategory ErrorCategory { get; } = category;
    }
}
