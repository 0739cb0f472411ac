// @ts-check
/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {import('./platform.mjs').Platform} Platform
 * @typedef {import('./platform.mjs').PlatformKind} PlatformKind
 */

/** @type {Partial<Record<PlatformKind, readonly string[]>>} */
const COMMANDS = {
  fedora: [
    'sudo dnf install qemu-kvm qemu-img edk2-ovmf libvirt-daemon-kvm libvirt-client',
    'sudo systemctl enable --now virtlogd.socket virtqemud.socket virtstoraged.socket virtproxyd.socket',
  ],
  arch: ['sudo pacman -S --needed qemu-base edk2-ovmf libvirt dnsmasq', 'sudo systemctl enable --now libvirtd.socket'],
  suse: [
    'sudo zypper install qemu-x86 qemu-tools qemu-ovmf-x86_64 libvirt-daemon-qemu libvirt-client',
    'sudo systemctl enable --now virtlogd.socket virtqemud.socket virtstoraged.socket virtproxyd.socket',
  ],
  alpine: [
    'sudo apk add qemu-system-x86_64 qemu-img ovmf libvirt-daemon libvirt-qemu libvirt-client',
    'sudo rc-service libvirtd start',
  ],
}

const ELSEWHERE = [
  'azl-vm drives KVM/QEMU through libvirt, on Linux, today. Hyper-V, VMware and VirtualBox, and a libvirt on another',
  'machine, are planned and not there yet.',
]

/** @type {Partial<Record<PlatformKind, readonly string[]>>} */
const WAYS = {
  windows: [
    'What works on Windows today: a Debian or Ubuntu under WSL 2.',
    '  wsl --install -d Debian        (in PowerShell; then open it, install Node.js there and clone azl-vm there)',
    '  npm run quickstart',
  ],
  macos: [
    'What works on a Mac today: a Debian or Ubuntu machine in any virtual machine program, for example',
    '  brew install lima && limactl start template:debian && limactl shell debian',
    '  npm run quickstart             (inside it, after installing Node.js and cloning azl-vm there)',
  ],
}

/**
 * What this machine lacks of what the quickstart needs.
 * @param {Host} host
 * @returns {string[]}
 */
export function missingCommands(host) {
  const emulator = host.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
  const lacks = []
  if (!host.hasCommand(emulator)) lacks.push(`${emulator} (QEMU, runs the machine)`)
  if (!host.hasCommand('libvirtd') && !host.hasCommand('virtqemud'))
    lacks.push('libvirtd or virtqemud (libvirt, the service)')
  return lacks
}

/**
 * For systems that we do not set up ourselves: what is missing and how to get it there.
 * @param {Host} host
 * @param {Platform} platform
 */
export function setupAdvice(host, platform) {
  const elsewhere = WAYS[platform.kind]
  if (elsewhere !== undefined) {
    return [`Missing on ${platform.name}: a hypervisor that azl-vm can drive.`, ...ELSEWHERE, '', ...elsewhere].join(
      '\n',
    )
  }
  if (host.platform !== 'linux')
    return [`Missing on ${platform.name}: a hypervisor that azl-vm can drive.`, ...ELSEWHERE].join('\n')
  const lacks = missingCommands(host)
  const commands = COMMANDS[platform.kind]
  return [
    `On ${platform.name} this command installs no system packages itself. Missing:`,
    ...(lacks.length > 0 ? lacks : ['a libvirt that answers (the programs are there, the service is not running)']).map(
      (line) => `  - ${line}`,
    ),
    '',
    ...(commands === undefined
      ? [
          'Install QEMU for x86_64, OVMF (edk2) and libvirt with your package manager, start libvirtd',
          'or virtqemud, and run the same command again.',
        ]
      : ['To get it:', ...commands.map((line) => `  ${line}`), 'and run the same command again.']),
    'More in docs/providers/kvm.md.',
  ].join('\n')
}
