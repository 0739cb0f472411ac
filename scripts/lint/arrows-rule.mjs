/** The lint rule that holds the arrows between rooms; see arrows.mjs. */
import { relative, sep } from 'node:path'
import { forbiddenImport } from './arrows.mjs'

export const arrowsRule = {
  meta: {
    type: 'problem',
    schema: [],
    docs: { description: 'Rooms import only the rooms that docs/architecture.md allows them' },
    messages: { forbidden: '{{why}}' },
  },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/')
    const check = (source) => {
      if (typeof source?.value !== 'string') return
      const why = forbiddenImport(file, source.value)
      if (why !== undefined) context.report({ node: source, messageId: 'forbidden', data: { why } })
    }
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    }
  },
}
