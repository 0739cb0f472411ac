using System.Text;

namespace AzlVm.HyperV.Host;

/// <summary>powershell.exe's command line, as far as a program starts a script by it.</summary>
public sealed record Arguments(string? File, string? Code, IReadOnlyList<string> ScriptArguments, bool NonInteractive, string? ExecutionPolicy, string? Fault)
{
    /// <summary>Switches begin with - or /, in any case, and may be cut short, as powershell.exe takes them.</summary>
    public static Arguments Parse(string[] args)
    {
        var nonInteractive = false;
        string? policy = null;
        for (var at = 0; at < args.Length; at++)
        {
            var name = args[at].TrimStart('-', '/').ToLowerInvariant();
            switch (name)
            {
                case "nologo" or "noprofile" or "nop" or "mta" or "sta":
                    break;
                case "noninteractive" or "noni":
                    nonInteractive = true;
                    break;
                case "executionpolicy" or "ep" or "ex" or "exec":
                    if (++at < args.Length) policy = args[at];
                    break;
                case "version" or "v" or "windowstyle" or "w" or "outputformat" or "inputformat":
                    at++;
                    break;
                case "file" or "f":
                    if (at + 1 >= args.Length) return Wrong("-File needs the path of a script");
                    return new Arguments(args[at + 1], null, args[(at + 2)..], nonInteractive, policy, null);
                case "encodedcommand" or "ec" or "e" or "enc":
                    if (at + 1 >= args.Length) return Wrong("-EncodedCommand needs Base64 of UTF-16LE");
                    return new Arguments(null, Encoding.Unicode.GetString(Convert.FromBase64String(args[at + 1])), [], nonInteractive, policy, null);
                default:
                    return Wrong($"the simulator's powershell.exe does not play {args[at]}");
            }
        }
        return Wrong("the simulator's powershell.exe runs scripts only: give -File or -EncodedCommand");
    }

    private static Arguments Wrong(string fault) => new(null, null, [], false, null, fault);
}
