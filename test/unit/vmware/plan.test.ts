import { expect, test } from 'vitest'
import { scriptText } from '../../../src/commands/emit-script.ts'
import { planText } from '../../../src/commands/plan-text.ts'
import { vmwarePlan as planOf } from '../../support/vmware-plans.ts'
import type { RequestChange } from '../kvm/kvm-request.ts'

test('more processors or memory than VMware gives any guest is said at its key', () => {
  const said = (machine: NonNullable<RequestChange['machine']>) =>
    planOf({ machine }).plan.diagnostics.map(({ path, code }) => `${path.join('.')}: ${code}`)
  expect(said({ cpus: 32, memory: '128GiB' })).toEqual([])
  expect(said({ cpus: 33, memory: '131076MiB' })).toEqual([
    'machine.cpus: spec-invalid',
    'machine.memory: spec-invalid',
  ])
})

test('each operation that calls a tool shows the call, and no line of the plan is empty behind its bar', () => {
  const medium = {
    medium: { path: '/media/probe.iso', sizeBytes: 1, sha256: 'a'.repeat(64) },
    trust: 'own',
    volumeLabel: '',
  } as const
  const planned = { ...planOf({ machine: { disks: [{ size: '64MiB' }] } }), provider: 'vmware', passedOver: [] }
  const text = planText({ ...planned, medium, existing: [] })
  expect(text).not.toMatch(/\| *$/m)
  const folder = '/home/me/vmware/azl4.azl-vm'
  expect(text).toContain(`| vmware-vdiskmanager -c -s 64MB -a lsilogic -t 0 ${folder}/disk0.vmdk\n`)
  expect(text).toContain(`| vmrun -T ws start ${folder}/azl4.vmx nogui\n`)
})

test('the script that sets no mark speaks of none', () => {
  const script = scriptText(planOf({}), { file: 'azl4.yaml' })
  expect(script).toContain('It sets no mark')
  expect(script).not.toContain('marked')
})

test('the script for Windows is ASCII, which 5.1 reads in any code page, whatever the folder is called', () => {
  const script = scriptText(planOf({}, { platform: 'win32', root: 'C:\\Maschinen f\u00fcr O\u2019Gro\u00df' }), {
    file: 'f\u00fcr.yaml',
  })
  expect(script).toContain('[char]0x2019')
  expect(script).toMatch(/^[\n\x20-\x7e]*$/)
})
