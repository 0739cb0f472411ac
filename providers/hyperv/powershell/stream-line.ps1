# Lines and bytes on the raw standard streams. No reader and no writer: they would keep bytes that are not theirs.
$standardInput = [System.Console]::OpenStandardInput()
$standardOutput = [System.Console]::OpenStandardOutput()

# $null at the end of the stream.
function Read-StreamLine {
    $line = [System.Text.StringBuilder]::new()
    while (($byte = $standardInput.ReadByte()) -ne 10) {
        if ($byte -lt 0) { return $null }
        $null = $line.Append([char]$byte)
    }
    return $line.ToString()
}

function Send-StreamLine($Value) {
    [byte[]]$bytes = [System.Text.Encoding]::ASCII.GetBytes((ConvertTo-JsonLine $Value) + "`n")
    $standardOutput.Write($bytes, 0, $bytes.Length)
    $standardOutput.Flush()
}
