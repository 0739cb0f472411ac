import path from 'node:path'
import { defineCommand } from '../cli/command.ts'
import { formatBytes } from '../format-bytes.ts'
import { exportMachine } from '../pipeline/export.ts'
import { exportFormats, type ExportFormat } from '../provider/export.ts'
import { usageError } from '../usage-error.ts'
import { hostOption, lifecycleRequest, machinePositional, waitOption, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Writes the disk of a machine to a file of its own, with all that snapshots and clones share, by the hypervisor’s ' +
    'own tool; the result is looked at before it gets its name. The machine must be off. An existing file is never ' +
    'written over, and a half one never left.\n\n' +
    '`ova` is the whole machine: settings, all disks, firmware variables; what is made from it is not azl-vm’s. ' +
    '`azl-vm providers` shows which formats a hypervisor writes. Azure takes `vhd-fixed`.',
  positionals: [machinePositional, { name: 'file', required: true, description: 'The file to make.' }],
  options: {
    ...hostOption,
    ...waitOption,
    format: {
      type: 'string',
      placeholder: 'FORMAT',
      description: `One of ${exportFormats.join(', ')} (default: what the file’s name ends in).`,
    },
  },
  examples: [
    { command: 'azl-vm export azl4-eval azl4.qcow2', text: 'The disk as qcow2.' },
    { command: 'azl-vm export azl4-eval azl4.vhd --format vhd-fixed', text: 'As Azure takes it.' },
    { command: 'azl-vm export azl4-eval azl4.ova', text: 'The machine, as VirtualBox imports it.' },
  ],
  async handler(args, ctx) {
    const format = formatOf(args.format, args.file)
    return await withMachine(ctx, args, 'export', async (work) => {
      const file = path.resolve(ctx.cwd, args.file)
      const made = await exportMachine(lifecycleRequest(work, args, ctx), { file, format })
      const others = made.otherDisks === 0 ? '' : '; the machine’s other disks are not in it'
      return {
        data: { machine: work.info.ref.name, ...made },
        text: () => `${file}: ${format}, ${formatBytes(made.sizeBytes)} in ${formatBytes(made.fileBytes)}${others}`,
      }
    })
  },
})

function formatOf(given: string | undefined, file: string): ExportFormat {
  const word = given ?? path.extname(file).slice(1).toLowerCase()
  const format = exportFormats.find((each) => each === word || (word === 'img' && each === 'raw'))
  if (format) return format
  const which = given === undefined ? `the name ${file} tells no format` : `"${given}" is no format`
  throw usageError(which, `Give --format with one of ${exportFormats.join(', ')}.`)
}
