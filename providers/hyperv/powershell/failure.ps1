# What an error was, without its language: ids and numbers beside the text.

function Get-Failure([System.Management.Automation.ErrorRecord]$Record) {
    $place = $Record.InvocationInfo
    return [ordered]@{
        message   = $Record.Exception.Message
        category  = $Record.CategoryInfo.Category
        errorId   = $Record.FullyQualifiedErrorId
        hresult   = Get-HResult $Record.Exception
        exception = $Record.Exception.GetType().FullName
        target    = $Record.CategoryInfo.TargetName
        script    = $(if ($place.ScriptName) { [System.IO.Path]::GetFileName($place.ScriptName) } else { '' })
        line      = $place.ScriptLineNumber
    }
}

# The innermost exception knows what Windows said; the ones around it have numbers of .NET's own.
function Get-HResult([System.Exception]$Exception) {
    while ($null -ne $Exception.InnerException) { $Exception = $Exception.InnerException }
    return '0x' + $Exception.HResult.ToString('X8')
}

# An error of ours, to be thrown: its id is in the adapter's table.
function New-Failure([string]$Message, [string]$Id, [System.Management.Automation.ErrorCategory]$Category) {
    return [System.Management.Automation.ErrorRecord]::new([System.Exception]::new($Message), $Id, $Category, $null)
}
