/** Guesses what a wrong key or value was meant to be. */
import { didYouMean } from '../did-you-mean.ts'
import type { SpecPath } from './diagnostics.ts'
import { allowedValues, keyPaths, schemaAt, type JsonSchema } from './json-schema.ts'
import { pathText } from './path-text.ts'

/** Words of other tools, in lower case, and what a spec calls them. */
const keySynonyms: Readonly<Record<string, string>> = {
  ram: 'machine.memory',
  mem: 'machine.memory',
  memorysize: 'machine.memory',
  cpu: 'machine.cpus',
  vcpu: 'machine.cpus',
  vcpus: 'machine.cpus',
  cores: 'machine.cpus',
  processors: 'machine.cpus',
  disk: 'machine.disks',
  drives: 'machine.disks',
  hdd: 'machine.disks',
  nic: 'machine.networks',
  nics: 'machine.networks',
  net: 'machine.networks',
  network: 'machine.networks',
  image: 'source.iso',
  cdrom: 'source.iso',
  sha256: 'source.checksum',
  ports: 'machine.networks[0].forward',
  portforward: 'machine.networks[0].forward',
  architecture: 'arch',
  hypervisor: 'provider',
  backend: 'provider',
  driver: 'provider',
  vmname: 'name',
  nested: 'machine.nestedVirtualization',
  accel: 'machine.acceleration',
  uefi: 'machine.firmware',
}

const valueSynonyms: Readonly<Record<string, unknown>> = {
  arm64: 'aarch64',
  armv8: 'aarch64',
  x64: 'x86_64',
  amd64: 'x86_64',
  'x86-64': 'x86_64',
  x86: 'x86_64',
  libvirt: 'kvm',
  qemu: 'kvm',
  hyper_v: 'hyperv',
  'hyper-v': 'hyperv',
  vbox: 'virtualbox',
  bridge: 'bridged',
  hostonly: 'host-only',
  user: 'nat',
  internal: 'isolated',
  private: 'isolated',
  off: false,
  no: false,
  on: true,
  yes: true,
  disabled: false,
  enabled: true,
  delete: 'remove',
  destroy: 'remove',
  shutdown: 'poweroff',
  tcg: 'emulated',
  kvm: 'hardware',
}

/** The hint for a key that is not known at `parent`. */
export function suggestKey(key: string, parent: SpecPath, root: JsonSchema): string {
  const here = Object.keys(schemaAt(root, parent)?.properties ?? {})
  const all = keyPaths(root)
  const same = (path: SpecPath) => String(path.at(-1)).toLowerCase() === key.toLowerCase()
  const synonym = keySynonyms[key.toLowerCase().replaceAll(/[-_]/g, '')]
  const synonymPath = all.find((path) => pathText(path) === synonym)
  const near = didYouMean(key, here)
  const elsewhere = didYouMean(
    key,
    all.map((path) => String(path.at(-1))),
  )
  const meant =
    all.find((path) => same(path) && isChildOf(path, parent)) ??
    all.find(same) ??
    synonymPath ??
    (near === undefined ? undefined : [...parent, near]) ??
    all.find((path) => path.at(-1) === elsewhere)
  if (meant !== undefined) return `did you mean ${isChildOf(meant, parent) ? String(meant.at(-1)) : pathText(meant)}?`
  return here.length === 0 ? 'no key is known here' : `known here: ${here.join(', ')}`
}

/** Whether `path` names a key directly below `parent`, in whichever entry of a list. */
function isChildOf(path: SpecPath, parent: SpecPath): boolean {
  return (
    path.length === parent.length + 1 &&
    parent.every((part, index) => part === path[index] || (typeof part === 'number' && typeof path[index] === 'number'))
  )
}

/** The hint for a value that is none of those that a key takes. */
export function suggestValue(value: unknown, schema: JsonSchema): string | undefined {
  const allowed = allowedValues(schema)
  const text = String(value).toLowerCase()
  const exact = allowed.find((each) => each !== value && String(each).toLowerCase() === text)
  const synonym = Object.hasOwn(valueSynonyms, text) ? valueSynonyms[text] : undefined
  // Of numbers, none is nearer than another.
  const near = typeof value === 'string' ? didYouMean(value, allowed.map(String)) : undefined
  const meant =
    exact ?? (allowed.includes(synonym) ? synonym : undefined) ?? allowed.find((each) => String(each) === near)
  return meant === undefined ? undefined : `did you mean ${typeof meant === 'string' ? meant : JSON.stringify(meant)}?`
}
