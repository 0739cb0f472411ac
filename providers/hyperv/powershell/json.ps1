# JSON as the protocol uses it: one line, ASCII. The engine's own commands differ between 5.1 and 7 (depth, dates,
# enums, arrays of one, non-ASCII), so neither is used. Operators rather than methods, where there is a choice: what an
# operator does is compiled, and the engine looks for each method anew, a millisecond each in a process that just began.

# What -split cuts a line at and keeps: texts and marks. Between them are words and blanks.
$jsonToken = '("(?:[^"\\]|\\.)*"|[{}\[\],:])'

function ConvertFrom-JsonLine([string]$Text) {
    # What the containers are in that are open; each with the key that waits for it.
    $open = [System.Collections.Stack]::new()
    $container = $null
    $key = $null
    $isRead = $false
    foreach ($token in ($Text -split $jsonToken)) {
        if ($token -cmatch '^[\s,:]*$') { continue }
        if ($isRead) { throw 'a request is no JSON' }
        if ($token -cmatch '^[{[]$') {
            $open.Push(@($container, $key))
            $container = $(if ($token -ceq '{') { @{} } else { , [System.Collections.ArrayList]::new() })
            $key = $null
            continue
        }
        if ($token -cmatch '^[}\]]$') {
            if ($null -eq $container) { throw 'a request is no JSON' }
            $value = $(if ($token -ceq '}') { $container } else { , ([System.Collections.ArrayList]$container).ToArray() })
            $container, $key = $open.Pop()
        }
        elseif ($token -cnotmatch '^"') { $value = ConvertFrom-JsonWord $token }
        elseif ($token -cmatch '\\') { $value = [regex]::Unescape(($token -replace '^"|"$')) }
        else { $value = $token -replace '"' }

        if ($container -is [hashtable]) {
            if ($null -eq $key) { $key = $value }
            else {
                $container[$key] = $value
                $key = $null
            }
        }
        elseif ($null -ne $container) { $null = ([System.Collections.ArrayList]$container).Add($value) }
        else { $isRead = $true }
    }
    if (-not $isRead) { throw 'a request was cut off' }
    return , $value
}

function ConvertFrom-JsonWord([string]$Word) {
    $Word = $Word -replace '\s'
    if ($Word -cmatch '^-?\d+$') { return [long]$Word }
    switch -CaseSensitive ($Word) {
        'true' { return $true }
        'false' { return $false }
        'null' { return $null }
    }
    return [double]::Parse($Word, [System.Globalization.CultureInfo]::InvariantCulture)
}

# Dictionaries, lists and plain values. An object of the hypervisor is refused: a verb says which of its facts it means.
function ConvertTo-JsonLine($Value) {
    if ($Value -is [string]) { return ConvertTo-JsonText $Value }
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [bool]) { return $(if ($Value) { 'true' } else { 'false' }) }
    if ($Value -is [System.Collections.IDictionary]) {
        $members = foreach ($entry in ([System.Collections.IDictionary]$Value).GetEnumerator()) {
            $name = ConvertTo-JsonText $entry.Key
            $content = ConvertTo-JsonLine $entry.Value
            "${name}:$content"
        }
        return "{$($members -join ',')}"
    }
    if ($Value -is [guid] -or $Value -is [enum] -or $Value -is [version]) { return ConvertTo-JsonText $Value }
    if ($Value -is [datetime]) {
        return ConvertTo-JsonText (([datetime]$Value).ToUniversalTime().ToString('o', [System.Globalization.CultureInfo]::InvariantCulture))
    }
    if ($Value -is [System.Collections.IEnumerable]) {
        $items = foreach ($each in $Value) { ConvertTo-JsonLine $each }
        return "[$($items -join ',')]"
    }
    # A text in which a number stands is written as the invariant culture has it.
    if ($Value -is [System.ValueType] -and $Value -is [System.IConvertible]) { return "$Value" }
    throw ('an answer holds a ' + $Value.GetType().FullName)
}

function ConvertTo-JsonText([string]$Text) {
    $escaped = $Text -replace '[\\"]', '\$0'
    if ($escaped -cmatch '[^ -~]') {
        $characters = foreach ($character in $escaped.ToCharArray()) {
            $code = [int]$character
            if ($code -lt 32 -or $code -gt 126) { '\u{0:x4}' -f $code } else { $character }
        }
        $escaped = $characters -join ''
    }
    return "`"$escaped`""
}
