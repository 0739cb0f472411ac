/** The commands that PowerShell source text calls, read from its syntax tree. */
import { createRequire } from 'node:module'
import { Language, Parser, type Node } from 'web-tree-sitter'

export interface Argument {
  /** As written, without the hyphen. */
  readonly parameter: string
  /** The value's source text; undefined for a switch. */
  readonly value: string | undefined
}

export interface CommandCall {
  readonly line: number
  /** As written, e.g. `Hyper-V\Get-VM`; undefined where it is computed (`& $command`). */
  readonly name: string | undefined
  readonly arguments: readonly Argument[]
  /** Source texts of arguments without a parameter's name. */
  readonly positional: readonly string[]
  /** Conditions of the `if` statements whose first block the call stands in. */
  readonly conditions: readonly string[]
}

export interface ScriptTree {
  readonly calls: readonly CommandCall[]
  /** Functions that the text defines. */
  readonly functions: readonly string[]
  readonly variables: readonly { readonly line: number; readonly name: string }[]
  /** What the grammar, which is 5.1's, cannot read, and `&&` and `||`, which it can. */
  readonly notUnderstood: readonly { readonly line: number; readonly text: string }[]
}

export async function powershellParser(): Promise<(text: string) => ScriptTree> {
  await Parser.init()
  const require = createRequire(import.meta.url)
  const grammar = require.resolve('tree-sitter-powershell/tree-sitter-powershell.wasm')
  const parser = new Parser().setLanguage(await Language.load(grammar))
  return (text) => {
    const tree = parser.parse(text)
    if (!tree) throw new Error('the parser gave up')
    try {
      return readTree(tree.rootNode)
    } finally {
      tree.delete()
    }
  }
}

function readTree(root: Node): ScriptTree {
  const of = (type: string): Node[] => root.descendantsOfType(type)
  return {
    calls: of('command').map(readCall),
    functions: of('function_name').map((node) => node.text),
    variables: of('variable').map((node) => ({ line: lineOf(node), name: node.text })),
    notUnderstood: [...(root.hasError ? [firstError(root)] : []), ...of('pipeline_chain_tail')].map((node) => ({
      line: lineOf(node),
      text: node.text.slice(0, 60),
    })),
  }
}

function lineOf(node: Node): number {
  return node.startPosition.row + 1
}

/** The innermost node on the way to the first error. */
function firstError(node: Node): Node {
  if (node.isError || node.isMissing) return node
  const child = node.children.find((each) => each.hasError || each.isMissing)
  return child ? firstError(child) : node
}

function readCall(command: Node): CommandCall {
  const parts = command.namedChildren
  const elements = parts
    .filter((node) => node.type === 'command_elements')
    .flatMap((node) => node.namedChildren)
    .filter((node) => node.type !== 'command_argument_sep' && node.type !== 'redirection')
  const named: Argument[] = []
  const positional: string[] = []
  for (let at = 0; at < elements.length; at += 1) {
    const element = elements[at]
    if (element?.type !== 'command_parameter') {
      positional.push(element?.text ?? '')
      continue
    }
    const next = elements[at + 1]
    const hasValue = next !== undefined && next.type !== 'command_parameter'
    named.push({ parameter: element.text.replace(/^-|:$/g, ''), value: hasValue ? next.text : undefined })
    if (hasValue) at += 1
  }
  return {
    line: lineOf(command),
    name: parts.find((node) => node.type === 'command_name')?.text,
    arguments: named,
    positional,
    conditions: conditionsAround(command),
  }
}

function conditionsAround(node: Node): readonly string[] {
  const found: string[] = []
  for (let child = node, parent = node.parent; parent; child = parent, parent = parent.parent) {
    if (parent.type !== 'if_statement' || child.type !== 'statement_block') continue
    found.push(parent.namedChildren[0]?.text ?? '')
  }
  return found
}
