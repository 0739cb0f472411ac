using System.Globalization;
using System.Management.Automation;

namespace AzlVm.HyperV.Simulator
{
    /// <summary>One entry of errors.json.</summary>
    public sealed record KnownError(string Id, string Category, string Message, string? Hresult);

    internal sealed record KnownErrors(Dictionary<string, KnownError> Errors);

    /// <summary>A rule that says no, in the words of errors.json; the cmdlet makes an error record of it.</summary>
    public sealed class Refusal(string key, params object[] facts) : Exception(Text(key, facts))
    {
        private static readonly Lazy<Dictionary<string, KnownError>> Known = new(() => Fixture.Read<KnownErrors>("errors.json").Errors);

        public KnownError Error { get; } = Known.Value[key];
        public object? Target { get; init; }

        public ErrorCategory Category => Enum.Parse<ErrorCategory>(Error.Category);

        private static string Text(string key, object[] facts) =>
            string.Format(CultureInfo.InvariantCulture, Known.Value[key].Message, facts);
    }
}

namespace Microsoft.HyperV.PowerShell
{
    /// <summary>
    /// The module's own exception. Its members ErrorIdentifier and ErrorCategory: PowerShell/PowerShell#25761.
    /// </summary>
    public sealed class VirtualizationException : Exception
    {
        /// <summary>`hresult` as 0x8007000E; null: .NET's own for an exception.</summary>
        public VirtualizationException(string message, string identifier, ErrorCategory category, string? hresult = null) : base(message)
        {
            ErrorIdentifier = identifier;
            ErrorCategory = category;
            if (hresult is not null) HResult = Convert.ToInt32(hresult, 16);
        }

        public string ErrorIdentifier { get; }
        public ErrorCategory ErrorCategory { get; }
    }
}
