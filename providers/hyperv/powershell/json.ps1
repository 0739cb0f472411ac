# JSON as the protocol uses it: one line, ASCII. The engine's own commands differ between 5.1 and 7 (depth, dates,
# enums, arrays of one, non-ASCII), so neither is used.

$jsonToken = [regex]'\G\s*(?:(?<mark>[{}\[\],:])|"(?<text>(?:[^"\\]|\\.)*)"|(?<word>[-+.0-9A-Za-z]+))'

function ConvertFrom-JsonLine([string]$Text) {
    $match = $jsonToken.Match($Text)
    $state = @{ Match = $match }
    return , (Read-JsonValue $state)
}

function Step-Json($State) {
    [System.Text.RegularExpressions.Match]$match = $State.Match
    $State.Match = $match.NextMatch()
}

function Read-JsonValue($State) {
    $match = $State.Match
    if (-not $match.Success) { throw 'a request is no JSON' }
    Step-Json $State
    if ($match.Groups['text'].Success) { return [regex]::Unescape($match.Groups['text'].Value) }
    if ($match.Groups['word'].Success) { return ConvertFrom-JsonWord $match.Groups['word'].Value }
    if ($match.Groups['mark'].Value -eq '{') { return Read-JsonObject $State }
    if ($match.Groups['mark'].Value -eq '[') { return , (Read-JsonArray $State) }
    throw 'a request is no JSON'
}

function ConvertFrom-JsonWord([string]$Word) {
    switch -CaseSensitive ($Word) {
        'true' { return $true }
        'false' { return $false }
        'null' { return $null }
    }
    $whole = [long]0
    if ([long]::TryParse($Word, [ref]$whole)) { return $whole }
    return [double]::Parse($Word, [System.Globalization.CultureInfo]::InvariantCulture)
}

function Read-JsonObject($State) {
    $object = @{}
    while ($State.Match.Groups['mark'].Value -ne '}') {
        $key = Read-JsonValue $State
        # The colon.
        Step-Json $State
        $object[$key] = Read-JsonValue $State
        Skip-JsonComma $State
    }
    Step-Json $State
    return $object
}

function Read-JsonArray($State) {
    $list = [System.Collections.ArrayList]::new()
    while ($State.Match.Groups['mark'].Value -ne ']') {
        $null = $list.Add((Read-JsonValue $State))
        Skip-JsonComma $State
    }
    Step-Json $State
    return , $list.ToArray()
}

function Skip-JsonComma($State) {
    if (-not $State.Match.Success) { throw 'a request was cut off' }
    if ($State.Match.Groups['mark'].Value -eq ',') { Step-Json $State }
}

function ConvertTo-JsonLine($Value) {
    $text = [System.Text.StringBuilder]::new()
    Add-Json $text $Value
    return $text.ToString()
}

# Dictionaries, lists and plain values. An object of the hypervisor is refused: a verb says which of its facts it means.
function Add-Json([System.Text.StringBuilder]$To, $Value) {
    if ($null -eq $Value) { $null = $To.Append('null') }
    elseif ($Value -is [bool]) { $null = $To.Append($(if ($Value) { 'true' } else { 'false' })) }
    elseif ($Value -is [string] -or $Value -is [guid] -or $Value -is [enum] -or $Value -is [version]) {
        Add-JsonText $To ([string]$Value)
    }
    elseif ($Value -is [datetime]) {
        Add-JsonText $To (([datetime]$Value).ToUniversalTime().ToString('o', [System.Globalization.CultureInfo]::InvariantCulture))
    }
    elseif ($Value -is [System.Collections.IDictionary]) { Add-JsonObject $To $Value }
    elseif ($Value -is [System.Collections.IEnumerable]) { Add-JsonArray $To $Value }
    elseif ($Value -is [System.ValueType] -and $Value -is [System.IConvertible]) {
        $null = $To.Append([System.Convert]::ToString($Value, [System.Globalization.CultureInfo]::InvariantCulture))
    }
    else { throw ('an answer holds a ' + $Value.GetType().FullName) }
}

function Add-JsonObject([System.Text.StringBuilder]$To, $Value) {
    $separator = '{'
    foreach ($entry in ([System.Collections.IDictionary]$Value).GetEnumerator()) {
        $null = $To.Append($separator)
        Add-JsonText $To ([string]$entry.Key)
        $null = $To.Append(':')
        Add-Json $To $entry.Value
        $separator = ','
    }
    $null = $To.Append($(if ($separator -eq '{') { '{}' } else { '}' }))
}

function Add-JsonArray([System.Text.StringBuilder]$To, $Value) {
    $separator = '['
    foreach ($each in $Value) {
        $null = $To.Append($separator)
        Add-Json $To $each
        $separator = ','
    }
    $null = $To.Append($(if ($separator -eq '[') { '[]' } else { ']' }))
}

function Add-JsonText([System.Text.StringBuilder]$To, [string]$Text) {
    $null = $To.Append('"')
    foreach ($character in $Text.ToCharArray()) {
        $code = [int]$character
        if ($code -lt 32 -or $code -gt 126 -or $code -eq 34 -or $code -eq 92) {
            $null = $To.Append('\u').Append($code.ToString('x4'))
        }
        else { $null = $To.Append($character) }
    }
    $null = $To.Append('"')
}
