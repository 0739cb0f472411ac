namespace AzlVm.HyperV.Host.Commands;

/// <summary>
/// Commands of Microsoft.PowerShell.Utility and .Management that scripts may use; NuGet has the engine without them.
/// Only what 5.1 does, so that no script leans on 7. Any other is an unknown command here.
/// </summary>
internal static class StandIns
{
    public static readonly IReadOnlyDictionary<string, Type> All = new Dictionary<string, Type>
    {
        ["ConvertTo-Json"] = typeof(ConvertToJson),
        ["ConvertFrom-Json"] = typeof(ConvertFromJson),
        ["New-Object"] = typeof(NewObject),
        ["Select-Object"] = typeof(SelectObject),
        ["Sort-Object"] = typeof(SortObject),
        ["Write-Output"] = typeof(WriteOutput),
        ["Write-Warning"] = typeof(WriteWarning),
        ["Start-Sleep"] = typeof(StartSleep),
        ["Test-Path"] = typeof(TestPath),
        ["Get-Item"] = typeof(GetItem),
        ["New-Item"] = typeof(NewItem),
        ["Remove-Item"] = typeof(RemoveItem),
        ["Get-ExecutionPolicy"] = typeof(GetExecutionPolicy),
        ["Get-CimInstance"] = typeof(GetCimInstance),
        ["Invoke-CimMethod"] = typeof(InvokeCimMethod),
        ["Get-WinEvent"] = typeof(Microsoft.PowerShell.Commands.GetWinEventCommand),
    };
}
