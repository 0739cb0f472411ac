/**
 * The spec. This schema is the only source of its types, faults, defaults, JSON Schema and reference page.
 *
 * A key of one provider only (`kvm: ...`) is handed in, so that this room knows no provider.
 */
import * as z from 'zod'
import { namePattern } from './name-pattern.ts'
import { duration, fault, line, localFile, macAddress, path, size } from './values.ts'

const GiB = 1024 ** 3
/** A boot that takes longer hangs; and Node's timers fire at once beyond 24.8 days. */
const longestWaitMs = 24 * 3_600_000
const MiB = 1024 ** 2

export const architectures = ['x86_64', 'aarch64'] as const
export type Architecture = (typeof architectures)[number]

const name = z
  .string()
  .regex(namePattern, {
    error: fault(
      'not a name for a machine',
      'use at most 63 letters, digits, dots, underscores and hyphens, beginning with a letter or digit',
    ),
  })
  .meta({
    description: 'Name of the machine, unique on its host without regard to case.',
    examples: ['azl4-eval'],
  })

const probe = z
  .strictObject({
    then: z.enum(['poweroff', 'wait']).default('poweroff').meta({
      description: 'What the probe does after its report: switch the machine off, or keep it running.',
    }),
  })
  .meta({
    description:
      "Boots azl-vm's own boot probe, which prints on the serial port what the firmware shows it. Needs no download.",
  })

const sourceKeys = z
  .strictObject({
    iso: localFile()
      .optional()
      .meta({
        description: 'An installer or live ISO, relative to the folder of the spec, on the computer that runs azl-vm.',
        examples: ['./AzureLinux-4.0-x86_64.iso'],
      }),
    checksum: z
      .string()
      .regex(/^sha256:[0-9A-Fa-f]{64}$/, {
        error: fault('not a checksum', 'write sha256: and 64 hexadecimal digits, as sha256sum prints them'),
      })
      .optional()
      .meta({
        description: 'The ISO is used only if it has this SHA-256 checksum.',
        examples: [`sha256:${'0'.repeat(64)}`],
      }),
    probe: probe.optional(),
  })
  .meta({
    description: 'What the machine boots: exactly one of `iso` and `probe`.',
    oneOf: [{ required: ['iso'] }, { required: ['probe'] }],
    dependencies: { checksum: ['iso'] },
  })

/** What the machine boots. Ask with `'iso' in source`. */
export type SpecSource =
  { readonly iso: string; readonly checksum?: string } | { readonly probe: { readonly then: 'poweroff' | 'wait' } }

const source = sourceKeys.transform((value, ctx): SpecSource => {
  const { iso, checksum } = value
  const problem =
    iso !== undefined && value.probe !== undefined
      ? { path: ['probe'], message: fault('iso and probe cannot be given together', 'remove one of the two') }
      : checksum !== undefined && iso === undefined
        ? {
            path: ['checksum'],
            message: fault('checksum without iso', 'a checksum belongs to an iso: add iso, or remove it'),
          }
        : iso === undefined && value.probe === undefined
          ? { path: [], message: fault('nothing to boot', 'write { iso: ./your.iso } or { probe: {} }') }
          : undefined
  if (problem !== undefined) {
    ctx.addIssue({ code: 'custom', path: problem.path, message: problem.message })
    return z.NEVER
  }
  if (iso === undefined) return { probe: value.probe ?? { then: 'poweroff' } }
  return checksum === undefined ? { iso } : { iso, checksum: checksum.toLowerCase() }
})

const port = z.int().min(1).max(65_535)

const forward = z.strictObject({
  host: z
    .union([port, z.literal('any')])
    .default('any')
    .meta({
      description: 'Port on the host (1 to 65535), or `any` for a free one, which the output then names.',
      examples: [8080],
    }),
  guest: port.meta({ description: 'TCP port in the guest.', examples: [80] }),
})

const networkModes = ['nat', 'bridged', 'host-only', 'isolated'] as const
export type NetworkMode = (typeof networkModes)[number]

const network = z
  .strictObject({
    mode: z
      .enum(networkModes)
      .default('nat')
      .meta({
        description:
          'Who reaches whom. `nat`: the guest reaches the outside, the host reaches its SSH. `bridged`: the guest is on ' +
          "the host's network. `host-only`: guest and host reach each other only. `isolated`: nobody; use the serial port.",
      }),
    mac: macAddress().prefault('auto').meta({ description: 'Hardware address; `auto` makes one.' }),
    address: z.literal('dhcp').default('dhcp').meta({ description: 'How the guest gets its IP address.' }),
    forward: z.array(forward).max(64).default([]).meta({
      description:
        'TCP ports of the host that lead to the guest. Only with mode `nat`, and only where the provider can.',
    }),
  })
  .superRefine((value, ctx) => {
    if (value.forward.length > 0 && value.mode !== 'nat') {
      const message = fault(`forward does nothing with mode ${value.mode}`, 'remove forward, or use mode nat')
      ctx.addIssue({ code: 'custom', path: ['forward'], message })
    }
    repeated(value.forward.map((entry) => entry.host)).forEach((index) => {
      if (value.forward[index]?.host === 'any') return
      const message = fault('this port is forwarded twice', 'use another port, or any')
      ctx.addIssue({ code: 'custom', path: ['forward', index, 'host'], message })
    })
  })

const networks = z
  .array(network)
  .max(8)
  .superRefine((list, ctx) => {
    repeated(list.map((entry) => entry.mac)).forEach((index) => {
      if (list[index]?.mac === 'auto') return
      const message = fault('two network cards cannot have the same hardware address', 'write auto')
      ctx.addIssue({ code: 'custom', path: [index, 'mac'], message })
    })
    // Of one card's own rules the card says it.
    const taken = new Set<number>()
    list.forEach((card, index) => {
      const ports = card.forward.map((rule) => rule.host)
      ports.forEach((host, rule) => {
        if (host === 'any' || !taken.has(host)) return
        const message = fault('this port is forwarded by another network card', 'use another port, or any')
        ctx.addIssue({ code: 'custom', path: [index, 'forward', rule, 'host'], message })
      })
      for (const host of ports) if (host !== 'any') taken.add(host)
    })
  })
  .prefault([{}])
  .meta({ description: 'Network cards. `[]`: none. Default: one with mode `nat`.' })

/** The indexes at which a value comes again. */
function repeated(values: readonly unknown[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []))
}

const disk = z.strictObject({
  size: size({ minimum: 16 * MiB, maximum: 63 * 1024 * GiB, examples: ['16GiB', '512MiB'] })
    .prefault('16GiB')
    .meta({ description: 'Size of the disk (MiB, GiB or TiB). Takes only the space that is written to.' }),
})

const firmware = z.strictObject({
  secureBoot: z
    .union([z.literal('auto'), z.boolean()])
    .default('auto')
    .meta({
      description: 'UEFI Secure Boot. `auto`: off, until the signer of the medium can be read.',
    }),
  tpm: z.boolean().default(false).meta({ description: 'A virtual TPM 2.0.' }),
})

const machine = z
  .strictObject({
    cpus: z.int().min(1).max(512).default(2).meta({ description: 'Virtual processors (1 to 512).' }),
    memory: size({ minimum: 64 * MiB, maximum: 12 * 1024 * GiB, examples: ['4GiB', '512MiB'] })
      .prefault('4GiB')
      .meta({ description: 'Memory (MiB or GiB).' }),
    disks: z.array(disk).max(16).prefault([{}]).meta({ description: 'Disks, new and empty. `[]`: none.' }),
    firmware: firmware.prefault({}).meta({ description: 'UEFI firmware.' }),
    nestedVirtualization: z.boolean().default(false).meta({
      description: 'Lets the guest run virtual machines of its own.',
    }),
    acceleration: z.enum(['auto', 'hardware', 'emulated']).default('auto').meta({
      description: 'Hardware virtualization, emulation (slow, works everywhere), or hardware where it is there.',
    }),
    networks,
  })
  .prefault({})
  .meta({ description: 'The virtual hardware.' })

const coreShape = {
  version: z.literal(1).meta({ description: 'Version of this format.' }),
  name,
  host: line('host')
    .default('local')
    .meta({
      description:
        "Where the hypervisor is: `local`, `ssh://USER@HOST`, or an address that the provider understands (kvm: libvirt's URI).",
      examples: ['local', 'ssh://admin@kvm1', 'qemu:///session'],
    }),
  arch: z.enum(architectures).optional().meta({
    description: "Processor architecture of the machine. Default: the host's.",
  }),
  source,
  machine,
  storage: z
    .strictObject({
      path: path()
        .refine((text) => /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(text), {
          error: fault('not a whole path', "write the folder from the root on: /var/lib/machines or 'D:\\VMs'"),
        })
        .optional()
        .meta({
          description: "Folder on the hypervisor's host for disks and the like. Default: the hypervisor's own.",
          examples: ['/var/lib/machines', 'D:\\VMs'],
        }),
    })
    .prefault({})
    .meta({ description: 'Where the files of the machine are kept.' }),
  timeouts: z
    .strictObject({
      boot: duration({ maximumMs: longestWaitMs, examples: ['5m', '90s'] })
        .prefault('5m')
        .meta({
          description: 'How long the firmware may take to boot the medium (s, m, h or d; at most 24h).',
        }),
    })
    .prefault({})
    .meta({ description: 'How long to wait before giving up.' }),
  onFailure: z.enum(['keep', 'remove']).default('keep').meta({
    description: 'What becomes of the machine when a run fails: kept for a look, or removed.',
  }),
  expires: duration({ examples: ['7d', '12h'] })
    .optional()
    .meta({
      description: 'After this time `azl-vm gc` may remove the machine (s, m, h or d). Default: never.',
    }),
}

export interface SpecSchemaOptions {
  /** Provider name to the zod type of its own key; its names are what `provider` takes beside `auto`. */
  readonly providers: Readonly<Record<string, z.ZodType>>
}

/** Builds the schema of a spec for the providers that there are. */
export function buildSpecSchema({ providers }: SpecSchemaOptions) {
  const { version, name: nameKey, ...others } = coreShape
  const provider = z
    .enum(['auto', ...Object.keys(providers)])
    .default('auto')
    .meta({
      description: 'Which hypervisor runs the machine. `auto`: the first that is ready on the host.',
    })
  const own = Object.fromEntries(
    Object.entries(providers).map(([key, type]) => [
      key,
      type.optional().meta({ description: `What only the provider ${key} has.`, ...type.meta() }),
    ]),
  )
  return z
    .strictObject({ version, name: nameKey, provider, ...others, ...own })
    .meta({ title: 'azl-vm spec', description: 'One virtual machine and what it boots.' })
}

export type SpecSchema = ReturnType<typeof buildSpecSchema>
type ParsedSpec = z.output<SpecSchema>

/**
 * A spec with its defaults: sizes in bytes, durations in milliseconds, `source.iso` absolute.
 * Keys are those of the YAML; a provider's own key is there as its sub-schema gave it out.
 */
export type Spec = Omit<{ readonly [Key in keyof ParsedSpec]: ParsedSpec[Key] }, 'arch'> & {
  readonly arch: Architecture
}
export type SpecMachine = Spec['machine']
