import { errorCodes, type ErrorCode } from '../../src/errors.ts'
import { blocks, code, generatedNote, table } from './markdown.ts'

/** A code without a text does not compile. */
const texts: Record<ErrorCode, string> = {
  usage: 'The command line cannot be understood, or says two things that exclude each other.',
  'spec-invalid': 'The spec has faults; all of them are shown, and in JSON are `diagnostics`.',
  'path-not-found': 'A file or folder that was named is not there.',
  'machine-not-found': 'There is no machine of that name.',
  'ambiguous-machine': 'More than one machine has that name: write `NAME@PROVIDER`.',
  'snapshot-not-found': 'The machine has no snapshot of that name.',
  'not-supported': 'The provider, or this host, cannot do what the spec or the command asks.',
  'tool-missing': 'A program that is needed is not installed.',
  'tool-too-old': 'A program that is needed is there in a version that is too old.',
  'host-not-ready': 'The host cannot run the machine as it is; `azl-vm doctor` says why, and what to do.',
  'permission-denied': 'The user may not do this on the host.',
  'state-not-writable': 'The folder that azl-vm keeps its state in, or the output, cannot be written.',
  'no-space': 'A disk is full, or would be.',
  'machine-exists': 'The name is taken.',
  'snapshot-exists': 'The machine has a snapshot of that name.',
  'machine-differs': 'The machine is there, and is not what the spec says; nothing was changed.',
  'machine-failed': 'The machine was left over from a run that failed.',
  'not-owned': 'The machine is not ours: another owner made it, or a copy carries a mark that is not its own.',
  'resource-busy': 'Somebody else is using it; where that is another azl-vm, the message says which.',
  'bad-reply': 'The hypervisor answered something that azl-vm does not understand.',
  'backend-failed': "The hypervisor failed; its own words are the error's cause.",
  'timed-out': 'Something did not happen in its time; the message says how far it came.',
  'boot-refused': 'The firmware refused to boot the medium, or found nothing to boot.',
  'guest-failed': 'The guest stopped: a panic, or a failure of its own.',
  'medium-empty': 'The medium is an empty file.',
  'medium-truncated': 'The medium is shorter than it says itself: a download that broke off.',
  'medium-unreadable': 'The medium cannot be read.',
  'medium-not-bootable': 'The medium has nothing that UEFI can boot.',
  'medium-wrong-architecture': 'The medium is for another processor architecture.',
  'medium-checksum-mismatch': 'The medium has not the checksum that the spec promises.',
  'medium-changed': 'The medium changed while it was in use.',
  'medium-unverified': 'Nobody promised what the medium holds, and `--locked` takes no such medium.',
  cancelled: 'The command was interrupted.',
}

/** The page of all error codes. */
export function errorCodePage(): string {
  const rows = Object.entries(texts).map(([name, text]) => [code(name), String(errorCodes[name as ErrorCode]), text])
  return blocks([
    generatedNote,
    '# Error codes',
    'Scripts read the exit code, or with `--output json` the `code` of the error; messages may change.',
    table(
      ['Code', 'Exit', 'What it means'],
      [...rows, [code('bug'), '70', 'An error that nobody expected: please report it.']],
    ),
  ])
}
