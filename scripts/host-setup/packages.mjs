// @ts-check
/**
 * @typedef {{ name: string, why: string }} Package
 * @typedef {{ arch: string, hasSystemd: boolean }} Machine
 */

/**
 * What `npm run quickstart` needs on Debian and Ubuntu: enough to boot one UEFI machine through libvirt.
 * @param {Machine} machine
 * @returns {Package[]}
 */
export function quickstartPackages({ arch, hasSystemd }) {
  const service = [
    { name: 'qemu-utils', why: 'makes disk images' },
    { name: 'libvirt-daemon-system', why: 'the hypervisor service that azl-vm talks to' },
    { name: 'libvirt-clients', why: 'virsh, to look at the machines without azl-vm' },
  ]
  // libvirt's children must be reaped at once or each start and stop waits seconds; see docs/providers/kvm.md.
  const subreaper = hasSystemd ? [] : [{ name: 'tini', why: 'starts libvirt here, where no systemd runs' }]
  return [...emulatorPackages(arch === 'arm64' ? 'arm64' : 'amd64', 'the machine'), ...service, ...subreaper]
}

/**
 * @param {'amd64' | 'arm64'} guest as Debian names the architecture
 * @param {string} what
 * @returns {Package[]}
 */
function emulatorPackages(guest, what) {
  const [emulator, firmware] = guest === 'arm64' ? ['qemu-system-arm', 'qemu-efi-aarch64'] : ['qemu-system-x86', 'ovmf']
  return [
    { name: emulator, why: `runs ${what}` },
    { name: firmware, why: `${what}'s UEFI firmware` },
  ]
}

/**
 * What `npm test` needs beside that.
 * @param {Machine} machine
 * @returns {Package[]}
 */
export function testPackages(machine) {
  return [
    ...quickstartPackages({ ...machine, hasSystemd: true }),
    ...emulatorPackages(machine.arch === 'arm64' ? 'amd64' : 'arm64', 'a machine of the other architecture'),
    { name: 'tini', why: 'starts a libvirt of its own for the tests' },
    { name: 'swtpm', why: 'TPM 2.0 of test machines' },
    { name: 'swtpm-tools', why: 'makes the state of that TPM' },
    { name: 'dnsmasq-base', why: "DHCP on a test network's bridge" },
    { name: 'nftables', why: 'NAT of a test network' },
    { name: 'iproute2', why: 'network namespaces that keep test networks off the host' },
    { name: 'libxml2-utils', why: 'virt-xml-validate: our domain XML against libvirt’s schema' },
    { name: 'xorriso', why: 'a second opinion on our ISO images' },
    { name: 'genisoimage', why: 'isoinfo: a third opinion' },
    { name: 'p7zip-full', why: '7z: a fourth opinion' },
    { name: 'mtools', why: 'reads the EFI boot image inside an ISO' },
    { name: 'zsh', why: 'completion, asked for as a user asks for it' },
    { name: 'fish', why: 'the same in fish' },
    { name: 'clang', why: 'builds the boot probe again and compares' },
    { name: 'lld', why: 'links the boot probe' },
    { name: 'openssh-server', why: 'a real sshd that leads to a test’s libvirt' },
    { name: 'openssh-client', why: 'the ssh that libvirt’s remote hosts are reached by' },
    { name: 'socat', why: 'leads into the network namespace of a test’s libvirt' },
    { name: 'openssl', why: 'certificates for libvirt over TLS' },
    { name: 'shellcheck', why: 'judges what `plan --emit sh` prints' },
    { name: 'dpkg-dev', why: 'apt-get source: fixtures from Debian packages' },
    ...winePackages(machine),
  ]
}

/**
 * Without X and 32-bit programs. It runs programs of its own architecture only.
 * @param {Machine} machine
 * @returns {Package[]}
 */
function winePackages({ arch }) {
  if (arch === 'arm64') return []
  return [
    { name: 'wine64', why: 'runs Windows’ build of Node, and azl-vm in it' },
    { name: 'wine', why: 'the programs that make a Windows folder for it' },
  ]
}
