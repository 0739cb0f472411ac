using System.Text;
using AzlVm.HyperV.Simulator.State;
using Microsoft.HyperV.PowerShell;

namespace AzlVm.HyperV.Simulator.Machines;

/// <summary>
/// OVMF in the place of Hyper-V's own firmware: its code, and a copy of its variables in the machine's run folder.
/// The code is Debian's with one change, made when the simulator is built: it leaves COM1 alone.
/// Only the build with Secure Boot keeps its variables from behind SMM; the other would not see them there.
/// </summary>
public sealed record GuestFirmware(string Code, string Variables, bool NeedsSmm)
{
    private static readonly string Folder = QemuHost.Current.FromTheirs("/usr/share/OVMF");
    private const uint Authenticated = 0x27;
    private static readonly Guid X509 = new("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");

    public static GuestFirmware Prepare(Machine machine, string folder)
    {
        var secure = machine.SecureBoot == OnOffState.On;
        var variables = Path.Combine(folder, "vars.fd");
        // A machine keeps its variables; a changed Secure Boot setting begins anew.
        var kind = Path.Combine(folder, "vars.kind");
        var wanted = secure ? machine.SecureBootTemplate : "off";
        if (!File.Exists(variables) || File.ReadAllText(kind) != wanted)
        {
            File.Copy(Path.Combine(Folder, secure ? "OVMF_VARS_4M.ms.fd" : "OVMF_VARS_4M.fd"), variables, true);
            if (secure) Trust(variables, machine.SecureBootTemplate);
            File.WriteAllText(kind, wanted);
        }
        return new GuestFirmware(Path.Combine(AppContext.BaseDirectory, "..", "firmware", secure ? "OVMF_CODE_4M.ms.fd" : "OVMF_CODE_4M.fd"), variables, secure);
    }

    /// <summary>db of one template: Windows' own signer, or the UEFI CA; Debian's file enrols both.</summary>
    private static void Trust(string variables, string template)
    {
        var store = new VariableStore(variables);
        var db = store.Get(VariableStore.ImageSecurity, "db") ?? throw new InvalidOperationException("OVMF_VARS_4M.ms.fd has no db");
        var wantsUefiCa = template == SecureBootTemplates.UefiCa;
        var kept = SignatureLists(db).Where(list =>
            new Guid(list.AsSpan(0, 16)) == X509 && Contains(list, "UEFI CA") == wantsUefiCa).SelectMany(list => list).ToArray();
        // The third template trusts what shields a VM; nothing here is signed so.
        store.Set(VariableStore.ImageSecurity, "db", Authenticated, template == SecureBootTemplates.OpenSourceShielded ? Placeholder(db) : kept);
        store.Save();
    }

    private static byte[] Placeholder(byte[] db) => SignatureLists(db).First(list => !Contains(list, "UEFI CA"));

    private static bool Contains(byte[] list, string subject) => list.AsSpan().IndexOf(Encoding.ASCII.GetBytes(subject)) >= 0;

    /// <summary>EFI_SIGNATURE_LIST: type (16), size of the list (4), and on. Source: UEFI specification, 32.4.1.</summary>
    private static IEnumerable<byte[]> SignatureLists(byte[] db)
    {
        for (var at = 0; at < db.Length; at += BitConverter.ToInt32(db, at + 16))
            yield return db.AsSpan(at, BitConverter.ToInt32(db, at + 16)).ToArray();
    }
}
