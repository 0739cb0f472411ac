# What a recorder and its clients say to each other: a kind of one letter, a length of four bytes, that many bytes.
# The same as src/recorder/frames.ts, which tells what each kind means.

function ConvertTo-Frame([string]$Kind, [byte[]]$Content) {
    $bytes = [byte[]]::new(5 + $Content.Length)
    $bytes[0] = [byte][char]$Kind
    for ($at = 0; $at -lt 4; $at++) { $bytes[1 + $at] = ($Content.Length -shr (24 - 8 * $at)) -band 255 }
    [System.Buffer]::BlockCopy($Content, 0, $bytes, 5, $Content.Length)
    return , $bytes
}

function ConvertTo-JsonFrame([string]$Kind, $Value) {
    return , (ConvertTo-Frame $Kind ([System.Text.Encoding]::ASCII.GetBytes((ConvertTo-JsonLine $Value))))
}

# The whole frames at the beginning of Rest, which keeps what follows them; $null where it cannot be one.
function Read-Frames($Client) {
    $frames = [System.Collections.ArrayList]::new()
    [byte[]]$rest = $Client.Rest
    $at = 0
    while ($rest.Length - $at -ge 5) {
        $length = (([int]$rest[$at + 1] * 256 + $rest[$at + 2]) * 256 + $rest[$at + 3]) * 256 + $rest[$at + 4]
        if ($length -lt 0 -or $length -gt 1048576) { return $null }
        if ($rest.Length - $at - 5 -lt $length) { break }
        $content = [byte[]]::new($length)
        [System.Buffer]::BlockCopy($rest, $at + 5, $content, 0, $length)
        $null = $frames.Add(@{ Kind = [string][char]$rest[$at]; Content = $content })
        $at += 5 + $length
    }
    $left = [byte[]]::new($rest.Length - $at)
    [System.Buffer]::BlockCopy($rest, $at, $left, 0, $left.Length)
    $Client.Rest = $left
    return , $frames
}
