// @ts-check
/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {import('./platform.mjs').Platform} Platform
 * @typedef {import('./platform.mjs').PlatformKind} PlatformKind
 *
 * @typedef {object} ProviderState one of those that `azl-vm providers --output json` lists
 * @property {string} title
 * @property {boolean} isReady
 * @property {readonly { level: string, message: string, fix?: string }[]} findings
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

/** @type {Partial<Record<PlatformKind, readonly string[]>>} */
const WITHOUT_HYPERVISOR = {
  windows: [
    'Without any of them, a Debian or Ubuntu under WSL 2 does too:',
    '  wsl --install -d Debian        (in PowerShell; then open it, install Node.js there and clone azl-vm there)',
    '  npm run quickstart',
  ],
  macos: [
    'Without any of them, a Debian or Ubuntu machine in any virtual machine program does too, for example',
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
 * @param {readonly ProviderState[]} providers none of them ready
 */
export function setupAdvice(host, platform, providers) {
  if (host.platform !== 'linux') {
    return [
      `On ${platform.name} azl-vm found no hypervisor that is ready:`,
      ...providers.flatMap(reasons),
      'More in docs/providers. With it mended, run the same command again.',
      ...(WITHOUT_HYPERVISOR[platform.kind] ?? []),
    ].join('\n')
  }
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

/**
 * Why a provider is not ready, each reason with its fix.
 * @param {ProviderState} provider
 * @returns {string[]}
 */
function reasons({ title, findings }) {
  return findings
    .filter(({ level }) => level === 'error')
    .flatMap(({ message, fix }) => [`  - ${title}: ${message}`, ...(fix === undefined ? [] : [`    ${fix}`])])
}
