/** What VMware itself notes of a machine: vmware.log beside the .vmx, begun anew at each start. */
import { readFile } from 'node:fs/promises'
import type { HostEvent } from '../../src/provider/contract.ts'
import { pathsOf } from './names.ts'
import type { Session } from './session.ts'

interface Row {
  readonly says: RegExp
  readonly refused?: NonNullable<HostEvent['refused']>
  /** What to do about it, where it is the host's affair. */
  readonly fix?: string
  /** Where the line was read. */
  readonly source: string
}

/** What to do where VMware cannot reach its own kernel modules. */
export const loadModules =
  'Build and load VMware’s kernel modules: `sudo vmware-modconfig --console --install-all`, and sign them where Secure Boot is on.'

/** The lines that tell why a machine does not start or boot, of thousands. Their words are English on every system. */
const rows: readonly Row[] = [
  { says: /SECUREBOOT: Image DENIED/, refused: 'secure-boot', source: 'public reports of Fusion and Workstation' },
  { says: /\[msg\.Backdoor\.OsNotFound\]/, refused: 'nothing-bootable', source: 'public logs of Workstation and ESXi' },
  { says: /About to do EFI boot: |Status upon boot failure: /, source: 'public logs of Workstation and ESXi' },
  {
    says: /\[msg\.pci\.noslotavail\]/,
    fix: 'Its devices do not fit on its PCI bridges. Remove what was added to the .vmx by hand.',
    source: 'public reports (components.md section 10)',
  },
  {
    says: /Could not open \/dev\/vmmon|Failed to initialize monitor device|\[msg\.hostlinux\.vmmon/,
    fix: loadModules,
    source: 'public reports of Workstation on Linux',
  },
  {
    says: /Monitor Mode: ULM|Hyper-V detected by CPUID/,
    fix: 'VMware runs on Hyper-V here (Hyper-V, WSL 2, VBS or Credential Guard are on), which is slower and has no nested virtualization.',
    source: 'public reports of Workstation on Windows (components.md section 10)',
  },
  { says: /\bMONITOR PANIC|\bVMX PANIC|\*\*\* .*panic/i, source: 'public logs' },
]

export interface LogFinding extends HostEvent {
  readonly fix: string | undefined
}

// 2026-08-27T18:17:49.623Z In(05) vcpu-0 - Guest: Status upon boot failure: No Media
const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))[| ]/

/** Oldest first; nothing where there is no log. */
export async function readVmwareLog(
  { platform }: Session,
  folder: string,
  since: Date,
): Promise<readonly LogFinding[]> {
  const text = await readFile(pathsOf(platform).join(folder, 'vmware.log'), 'utf8').catch(() => '')
  return text.split(/\r?\n/).flatMap((line) => {
    const row = rows.find(({ says }) => says.test(line))
    const time = timePattern.exec(line)?.[1]
    if (row === undefined || time === undefined || Date.parse(time) < since.getTime()) return []
    return [
      { at: new Date(time).toISOString(), text: line.trim().slice(0, longestLine), refused: row.refused, fix: row.fix },
    ]
  })
}

const longestLine = 500
