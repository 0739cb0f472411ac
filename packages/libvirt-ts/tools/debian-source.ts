/**
 * Source packages from wherever this machine gets its Debian packages: a private apt configuration whose deb-src
 * lines are the machine's own deb lines. The machine's lists, caches and settings are not touched.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The package cannot be had here, which is nobody's mistake. */
export class SourceUnavailable extends Error {}

/** Fetches a source package into `work` and unpacks what matches. */
export function fetchSource(
  name: string,
  patterns: readonly string[],
  work: string,
): { readonly name: string; readonly folder: string } {
  const release = readRelease()
  const sources = sourceStanzas(release)
  if (sources === '') throw new SourceUnavailable(`/etc/apt has no entry for ${release}`)
  const configuration = writeConfiguration(work, sources)
  run('apt-get', ['update'], work, configuration)
  run('apt-get', ['source', '--download-only', name], work, configuration)
  const archive = readdirSync(work).find((file) => /\.orig\.tar\.\w+$/.test(file))
  if (archive === undefined) throw new SourceUnavailable(`apt-get brought no source archive of ${name}`)
  const unpacked = join(work, 'unpacked')
  mkdirSync(unpacked)
  run('tar', ['--extract', '--file', join(work, archive), '--directory', unpacked, '--wildcards', ...patterns], work)
  const [folder] = readdirSync(unpacked)
  if (folder === undefined) throw new Error(`${archive} has none of the files that were wanted`)
  return { name: folder, folder: join(unpacked, folder) }
}

function readRelease(): string {
  if (!existsSync('/etc/os-release')) throw new SourceUnavailable('this is not Debian: there is no /etc/os-release')
  const text = readFileSync('/etc/os-release', 'utf8')
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? ''
  if (![value('ID'), ...value('ID_LIKE').split(' ')].includes('debian')) {
    throw new SourceUnavailable(`this is not Debian but ${value('ID')}`)
  }
  return value('VERSION_CODENAME')
}

/** Only the release's own entries: others (node, cloud tools) have no such package and may not be reachable. */
function sourceStanzas(release: string): string {
  const folder = '/etc/apt/sources.list.d'
  const files = existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : []
  const stanzas: string[] = []
  for (const file of files.filter((path) => path.endsWith('.sources'))) {
    stanzas.push(
      ...readFileSync(file, 'utf8')
        .split(/\n\s*\n/)
        .filter((stanza) => isOf(stanza, release)),
    )
  }
  const deb822 = stanzas.map((stanza) => stanza.replace(/^Types:.*$/m, 'Types: deb-src').trim())
  const lists = ['/etc/apt/sources.list', ...files.filter((path) => path.endsWith('.list'))].filter((path) =>
    existsSync(path),
  )
  const lines = lists
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .flatMap((line) => toStanza(line, release))
  return [...deb822, ...lines].join('\n\n')
}

function isOf(stanza: string, release: string): boolean {
  const field = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? ''
  if (!field('Types').split(/\s+/).includes('deb') || /^Enabled:\s*no/m.test(stanza)) return false
  return field('Suites')
    .split(/\s+/)
    .some((suite) => isSuite(suite, release))
}

const isSuite = (suite: string, release: string): boolean => suite === release || suite.startsWith(`${release}-`)

/** deb [signed-by=/usr/share/keyrings/x.gpg] URI bookworm main contrib */
function toStanza(line: string, release: string): string[] {
  const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line.trim())
  if (match === null) return []
  const [, options = '', uri = '', suite = '', components = ''] = match
  if (!isSuite(suite, release)) return []
  const signedBy = /signed-by=(\S+)/.exec(options)?.[1]
  const lines = ['Types: deb-src', `URIs: ${uri}`, `Suites: ${suite}`, `Components: ${components}`]
  return [[...lines, ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`])].join('\n')]
}

function writeConfiguration(work: string, sources: string): string {
  for (const folder of ['parts', 'state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(work, folder), { recursive: true })
  }
  writeFileSync(join(work, 'parts', 'source.sources'), `${sources}\n`)
  const path = join(work, 'apt.conf')
  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(work, 'parts'),
    'Dir::State': join(work, 'state'),
    'Dir::State::lists': join(work, 'state', 'lists'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': join(work, 'cache'),
    'APT::Sandbox::User': 'root',
  }
  writeFileSync(
    path,
    Object.entries(settings)
      .map(([key, value]) => `${key} "${value}";\n`)
      .join(''),
  )
  return path
}

function run(command: string, args: readonly string[], cwd: string, configuration?: string): void {
  const env = configuration === undefined ? process.env : { ...process.env, APT_CONFIG: configuration }
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 300_000 })
  if (done.error !== undefined) throw new SourceUnavailable(`${command} cannot run: ${done.error.message}`)
  if (done.status !== 0) throw new SourceUnavailable(`${command} ${args.join(' ')} failed:\n${done.stderr.trim()}`)
}
