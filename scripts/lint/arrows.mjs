/**
 * Which room may import which: the arrows of docs/architecture.md as data. The lint rule and
 * test/unit/arrows.test.ts both read them here.
 */
import { posix } from 'node:path'

const ground = ['src/spec', 'src/events', 'src/provider', 'src/host', 'src/store', 'src/iso9660']
const middle = ['src/media', 'src/seed', 'src/console', 'src/guest', 'src/check']
const upper = ['src/pipeline', 'src/lab', 'src/doctor', 'src/report']

/** Files in src itself: small things that every room may use. */
export const leaves = [
  'src/errors.ts',
  'src/usage-error.ts',
  'src/did-you-mean.ts',
  'src/printable.ts',
  'src/format-bytes.ts',
  'src/assets.ts',
  'src/version.ts',
]

/** Room to the rooms, or single files, that it may import beside itself and the leaves. */
export const arrows = {
  'src/spec': [],
  'src/events': [],
  'src/iso9660': [],
  'src/provider': ['src/spec', 'src/events'],
  'src/host': ['src/events', 'src/provider'],
  'src/store': ['src/events', 'src/provider', 'src/host'],
  'src/media': [...ground, 'packages/boot-probe'],
  'src/seed': ground,
  'src/console': ground,
  'src/recorder': [...ground, 'src/console'],
  'src/guest': [...ground, 'src/console'],
  'src/check': [...ground, 'src/guest'],
  'src/report': [...ground, ...middle],
  'src/doctor': [...ground, ...middle, 'src/pipeline', 'packages/boot-probe'],
  'src/pipeline': [...ground, ...middle, 'packages/boot-probe'],
  'src/lab': [...ground, ...middle, 'src/pipeline', 'src/report'],
  // The type of a command names the application, whose interface the commands own.
  'src/cli': ['src/events', 'src/commands/app.ts'],
  'src/commands': [...ground, ...middle, ...upper, 'src/cli'],
  'providers/*': ['src/provider', 'src/host', 'src/store', 'src/events', 'src/recorder'],
  'providers/kvm': ['src/provider', 'src/host', 'src/store', 'src/events', 'packages/libvirt-ts'],
  'packages/libvirt-ts': [],
  'packages/boot-probe': [],
}

/** The files where the tool begins, and what each may import. Nothing imports them but one another. */
export const tops = {
  'src/cli.ts': ['src/run-process.ts'],
  'src/run-process.ts': ['src/main.ts', 'src/cli'],
  'src/main.ts': ['src/compose.ts', 'src/commands', 'src/cli'],
  'src/compose.ts': [
    'src/build-environment.ts',
    'src/provider',
    'src/pipeline',
    'src/commands/app.ts',
    'src/cli',
    'providers',
  ],
  'src/build-environment.ts': [...ground, ...middle, ...upper, 'src/cli'],
}

const workspaces = { 'libvirt-ts': 'packages/libvirt-ts', 'boot-probe': 'packages/boot-probe' }

/** Packages that one place wraps, so that they can be exchanged there. */
const wrapped = {
  execa: ['src/host'],
  'js-yaml': ['src/spec'],
  yargs: ['src/cli'],
  sax: ['src/host'],
  'fast-png': ['providers/hyperv'],
}

/**
 * Why `file` must not import `specifier`, or undefined where it may. Paths are relative to the repository and
 * use forward slashes.
 *
 * @param {string} file
 * @param {string} specifier
 * @returns {string | undefined}
 */
export function forbiddenImport(file, specifier) {
  const from = roomOf(file)
  if (from === undefined) return undefined
  if (specifier.startsWith('node:')) return undefined
  if (!specifier.startsWith('.')) return forbiddenPackage(file, from, specifier)
  const target = posix.normalize(posix.join(posix.dirname(file), specifier))
  return forbiddenTarget(file, from, target)
}

function forbiddenTarget(file, from, target) {
  const to = roomOf(target)
  if (to === from && !(target in tops)) return undefined
  if (leaves.includes(target) && !from.startsWith('packages/')) return undefined
  const allowed = tops[file] ?? arrows[from] ?? arrows[from.replace(/[^/]+$/, '*')] ?? []
  if (allowed.some((each) => target === each || target.startsWith(`${each}/`))) return undefined
  const may = allowed.length === 0 ? 'nothing but itself' : allowed.join(', ')
  return `${file in tops ? file : from} must not import ${to ?? target}; it may import ${may}`
}

function forbiddenPackage(file, from, specifier) {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  const workspace = workspaces[name]
  if (workspace !== undefined) return forbiddenTarget(file, from, workspace)
  if (from.startsWith('packages/')) return `${from} must import only Node, not ${name}`
  const places = wrapped[name]
  if (places === undefined || places.some((each) => file.startsWith(`${each}/`))) return undefined
  return `${name} must be imported in ${places.join(', ')} only`
}

/** `src/spec`, `providers/kvm`, `packages/libvirt-ts`; a file of src itself is a room of its own. */
function roomOf(path) {
  const [first, second] = path.split('/')
  if (second === undefined || !['src', 'providers', 'packages'].includes(first)) return undefined
  // Tests and build scripts of a package are no part of it.
  if (first === 'packages' && path.split('/').length > 2 && path.split('/')[2] !== 'src') return undefined
  return `${first}/${second}`
}
