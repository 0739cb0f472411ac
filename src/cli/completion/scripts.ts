/**
 * The scripts that make a shell ask `azl-vm complete` what may come next. They hold no list of their own: what they
 * offer is what the installed version knows. A line of the answer is a word, a tab and its description; `:files`
 * stands for the shell's own completion of files.
 */

export const completionShells = ['bash', 'zsh', 'fish', 'powershell'] as const
export type CompletionShell = (typeof completionShells)[number]

export const completionScripts: Readonly<Record<CompletionShell, string>> = {
  bash: `# Completion of azl-vm for bash. Now: eval "$(azl-vm completion bash)". For good:
#   azl-vm completion bash --out ~/.local/share/bash-completion/completions/azl-vm
_azl_vm() {
  local line word current=\${COMP_WORDS[COMP_CWORD]}
  local -a before=()
  # For bash --port=system is three words.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == = ]] || before+=("$word"); done
  [[ $current == = ]] && current=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(azl-vm complete "--current=$current" -- "\${before[@]}" 2>/dev/null)
}
complete -F _azl_vm azl-vm
`,
  zsh: `#compdef azl-vm
# Completion of azl-vm for zsh. Now: eval "$(azl-vm completion zsh)". For good, in a folder of $fpath:
#   azl-vm completion zsh --out ~/.zfunc/_azl-vm
_azl_vm() {
  local line files=0
  local -a described
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <(azl-vm complete "--current=$words[CURRENT]" -- "\${(@)words[2,CURRENT-1]}" 2>/dev/null)
  local result=1
  (( $#described )) && _describe -t azl-vm 'azl-vm' described && result=0
  (( files )) && _files && result=0
  return result
}
if [[ $funcstack[1] == _azl-vm ]]; then
  _azl_vm "$@"
else
  compdef _azl_vm azl-vm
fi
`,
  fish: `# Completion of azl-vm for fish. Now: azl-vm completion fish | source. For good:
#   azl-vm completion fish --out ~/.config/fish/completions/azl-vm.fish
function __azl_vm_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l current (commandline -ct)
  for line in (azl-vm complete "--current=$current" -- $words 2>/dev/null)
    if test "$line" = ':files'
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c azl-vm -f -a '(__azl_vm_complete)'
`,
  powershell: `# Completion of azl-vm for PowerShell. Now: azl-vm completion powershell | Out-String | Invoke-Expression
# For good: the same line in the file that $PROFILE names.
Register-ArgumentCompleter -Native -CommandName azl-vm -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $name = $commandAst.CommandElements[0]
  $before = @($commandAst.CommandElements | Where-Object { $_ -ne $name -and
    $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  azl-vm complete "--current=$wordToComplete" '--' @before 2>$null | ForEach-Object {
    $word, $description = $_ -split "\`t", 2
    # Where nothing is offered, PowerShell offers files itself.
    if ($word -ne ':files') {
      if (-not $description) { $description = $word }
      [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $description)
    }
  }
}
`,
}
