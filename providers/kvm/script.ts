/** The plan as POSIX shell for virsh, to be read and run by hand. Values are quoted here and nowhere else. */
import type { Medium } from '../../src/provider/machine.ts'
import { quote } from '../../src/provider/shell-text.ts'
import type { ForwardRule } from './mark-metadata.ts'

export function prologue(uri: string): readonly string[] {
  return [`LIBVIRT_DEFAULT_URI=${quote(uri)}`, 'export LIBVIRT_DEFAULT_URI']
}

function fromHere(command: string, document: string, suffix = ''): readonly string[] {
  const lines = document.split('\n')
  // A line of the document itself must not be taken for its end: what follows would be run.
  let end = 'AZL_VM_END'
  while (lines.includes(end)) end += '_'
  return [`${command} /dev/stdin${suffix} <<'${end}'`, ...lines, end]
}

/** libvirt refuses a name that is taken, and set -e ends the script there. */
export function define(xml: string): readonly string[] {
  return fromHere('virsh define', xml)
}

export function makeNetwork(xml: string, network: string): readonly string[] {
  return [...fromHere('virsh net-define', xml), `virsh net-start ${quote(network)}`]
}

/** `xml` has the first of `subnets`; libvirt refuses one that the host has a route to, and the next is tried. */
export function makeHostOnly(xml: string, network: string, subnets: readonly number[]): readonly string[] {
  const [name, first = 0] = [quote(network), ...subnets]
  return [
    `for subnet in ${subnets.join(' ')}; do`,
    `  sed '/<ip \\|<range /s/192[.]168[.]${String(first)}[.]/192.168.'"$subnet"'./g' <<'AZL_VM_END' | virsh net-define /dev/stdin`,
    ...xml.split('\n'),
    'AZL_VM_END',
    `  if virsh net-start ${name}; then break; fi`,
    `  virsh net-undefine ${name}`,
    'done',
    `virsh net-info ${name}`,
  ]
}

export function makePool(pool: string, path: string): readonly string[] {
  const name = quote(pool)
  return [
    `if ! virsh pool-info ${name} >/dev/null 2>&1; then`,
    `  virsh pool-define-as ${name} dir --target ${quote(path)}`,
    `  virsh pool-build ${name}`,
    'fi',
    `if ! virsh pool-info ${name} | grep -q '^State: *running'; then virsh pool-start ${name}; fi`,
  ]
}

export function makeDisk(pool: string, volume: string, sizeBytes: number): readonly string[] {
  return [`virsh vol-create-as ${quote(pool)} ${quote(volume)} ${String(sizeBytes)}B --format qcow2`]
}

export function attachInstaller(
  name: string,
  device: string,
  pool: string,
  poolPath: string,
  volume: string,
  medium: Medium,
): readonly string[] {
  const [inPool, copy] = [quote(pool), quote(volume)]
  return [
    `if ! virsh vol-info --pool ${inPool} ${copy} >/dev/null 2>&1; then`,
    `  virsh vol-create-as ${inPool} ${copy} ${String(medium.sizeBytes)}B --format raw`,
    `  virsh vol-upload --pool ${inPool} ${copy} ${quote(medium.path)}`,
    'fi',
    `virsh change-media ${quote(name)} ${device} ${quote(`${poolPath}/${volume}`)} --insert --config`,
  ]
}

export function start(name: string): readonly string[] {
  return [`virsh start ${quote(name)}`]
}

/**
 * Hardware first. Where the machine does not start, or is suspended before its first serial byte, the same
 * machine is defined anew with emulation.
 */
export function startOrEmulate(
  name: string,
  pool: string,
  logVolume: string,
  emulatedXml: string,
  device: string,
  mediumPath: string,
): readonly string[] {
  const domain = quote(name)
  return [
    'is_dead() {',
    `  test "$(virsh domstate ${domain})" = paused || test "$(virsh domstate ${domain})" = 'shut off'`,
    '}',
    'has_spoken() {',
    `  virsh pool-refresh ${quote(pool)} >/dev/null`,
    `  test "$(virsh vol-download --pool ${quote(pool)} ${quote(logVolume)} /dev/stdout 2>/dev/null | head -c 1 | wc -c)" -gt 0`,
    '}',
    `if virsh start ${domain}; then`,
    '  tries=0',
    '  while ! has_spoken && ! is_dead && test $tries -lt 100; do tries=$((tries + 1)); sleep 0.1; done',
    'fi',
    // A guest that spoke and switched itself off has run: the boot probe does so within a second.
    'if ! has_spoken && is_dead; then',
    "  echo 'KVM does not run this machine: going on with emulation' >&2",
    `  virsh destroy ${domain} >/dev/null 2>&1 || true`,
    ...fromHere('  virsh define', emulatedXml),
    `  virsh change-media ${domain} ${device} ${quote(mediumPath)} --insert --config`,
    `  virsh start ${domain}`,
    'fi',
  ]
}

export function forward(name: string, rules: readonly ForwardRule[]): readonly string[] {
  const lines = rules.map((rule) => `virsh qemu-monitor-command ${quote(name)} --hmp ${quote(hostForward(rule))}`)
  return [...lines, `virsh qemu-monitor-command ${quote(name)} --hmp 'info usernet'`]
}

/** QEMU's monitor command that adds a forwarded port; libvirt calls the network cards hostnet0, hostnet1 … */
export function hostForward(rule: ForwardRule): string {
  return `hostfwd_add hostnet${String(rule.network)} tcp:127.0.0.1:${String(rule.hostPort)}-:${String(rule.guestPort)}`
}

export function epilogue(
  name: string,
  pool: string,
  logVolumes: readonly string[],
  networks: readonly string[],
): readonly string[] {
  return [
    '# What the machine says on its serial port:',
    ...logVolumes.flatMap((log, index) => [
      `#   virsh console ${quote(name)}${index === 0 ? '' : ` --devname serial${String(index)}`}`,
      `#   virsh pool-refresh ${quote(pool)} && virsh vol-download --pool ${quote(pool)} ${quote(log)} /dev/stdout`,
    ]),
    '# To remove it:',
    `#   virsh destroy ${quote(name)}; virsh undefine ${quote(name)} --nvram`,
    ...networks.map((network) => `#   virsh net-destroy ${quote(network)}; virsh net-undefine ${quote(network)}`),
    `#   virsh pool-refresh ${quote(pool)}; for v in $(virsh vol-list ${quote(pool)} | awk 'NR > 2 { print $1 }'); do virsh vol-delete --pool ${quote(pool)} "$v"; done`,
    `#   virsh pool-destroy ${quote(pool)}; virsh pool-delete ${quote(pool)}; virsh pool-undefine ${quote(pool)}`,
  ]
}
