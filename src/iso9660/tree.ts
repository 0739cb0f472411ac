import { sectorBytes } from './format.ts'
import { checkPathPart, isoName, jolietName } from './names.ts'

/** What a file holds: bytes, or a file of the host that is copied when the image is written. */
export type IsoContent = Uint8Array | { readonly hostPath: string; readonly sizeBytes: number }

export interface IsoInputFile {
  /** Relative, with "/" between the parts; folders are made as needed. */
  readonly path: string
  readonly data: IsoContent
  /** POSIX permissions for Rock Ridge; default 0o444. */
  readonly mode?: number
}

interface NodeNames {
  readonly name: string
  isoName: string
  jolietName: string
}

export interface FileNode extends NodeNames {
  readonly kind: 'file'
  readonly data: IsoContent
  readonly mode: number
  sector: number
}

export interface DirectoryNode extends NodeNames {
  readonly kind: 'directory'
  readonly parent: DirectoryNode | undefined
  readonly children: Map<string, TreeNode>
}

export type TreeNode = FileNode | DirectoryNode

/** ECMA-119 6.8.2.1. */
const maxDepth = 8
/** One extent; longer files would need the multi-extent flag, which we read but do not write. */
const maxFileBytes = 2 ** 32 - sectorBytes

export function contentBytes(data: IsoContent): number {
  return data instanceof Uint8Array ? data.length : data.sizeBytes
}

function newDirectory(name: string, parent: DirectoryNode | undefined): DirectoryNode {
  return { kind: 'directory', name, isoName: '', jolietName: '', parent, children: new Map() }
}

function directoryFor(root: DirectoryNode, parts: readonly string[], path: string): DirectoryNode {
  let current = root
  for (const part of parts) {
    const found = current.children.get(part)
    if (found?.kind === 'file') throw new RangeError(`'${path}' is no path for an ISO: '${part}' is a file in it`)
    const next = found ?? newDirectory(part, current)
    current.children.set(part, next)
    current = next
  }
  return current
}

function addFile(root: DirectoryNode, file: IsoInputFile): void {
  const parts = file.path.split('/')
  for (const part of parts) checkPathPart(part, file.path)
  if (parts.length > maxDepth)
    throw new RangeError(`'${file.path}' is no path for an ISO: deeper than ${maxDepth} levels`)
  if (contentBytes(file.data) > maxFileBytes) throw new RangeError(`'${file.path}' does not fit: larger than 4 GiB`)
  const directory = directoryFor(root, parts.slice(0, -1), file.path)
  const name = parts[parts.length - 1] ?? ''
  if (directory.children.has(name)) throw new RangeError(`'${file.path}' is there twice`)
  directory.children.set(name, {
    kind: 'file',
    name,
    isoName: '',
    jolietName: '',
    data: file.data,
    mode: file.mode ?? 0o444,
    sector: 0,
  })
}

function nameChildren(directory: DirectoryNode): void {
  const isoTaken = new Set<string>()
  const jolietTaken = new Set<string>()
  for (const child of directory.children.values()) {
    child.isoName = isoName(child.name, child.kind === 'directory', isoTaken)
    child.jolietName = jolietName(child.name, jolietTaken)
    if (child.kind === 'directory') nameChildren(child)
  }
}

/** The tree with all names chosen; the order of `files` does not matter. */
export function buildTree(files: readonly IsoInputFile[]): DirectoryNode {
  const root = newDirectory('', undefined)
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  for (const file of sorted) addFile(root, file)
  nameChildren(root)
  return root
}

/** All files, folder by folder. */
export function filesOf(directory: DirectoryNode): FileNode[] {
  return [...directory.children.values()].flatMap((child) => (child.kind === 'file' ? [child] : filesOf(child)))
}
