/** What the VirtualBox adapter will lean on, asked of the real VBoxManage. Starting a machine needs a kernel module. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownOsTypes } from '../../../providers/virtualbox/questions.ts'
import { missingForVirtualBox, openVirtualBox, type VirtualBox } from '../../support/virtualbox-manage.ts'
import { describeWhere } from '../../support/describe-where.ts'

const missing = missingForVirtualBox()
const runId = '5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11'

describeWhere('the real VBoxManage', missing, () => {
  let vbox: VirtualBox
  const must = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await vbox.manage(...args)
    expect(exitCode, `${args.join(' ')}: ${stderr}`).toBe(0)
    return stdout
  }

  beforeAll(async () => {
    vbox = await openVirtualBox()
  })
  afterAll(async () => {
    await vbox.stop()
  })

  test('is of a version that azl-vm knows', async () => {
    expect(await must('--version')).toMatch(/^7\.[0-2]\.\d+/)
  })

  test('the guest types that machines are made with, unasked, are in its list', async () => {
    const listed = await must('list', 'ostypes')
    for (const type of Object.values(knownOsTypes)) expect(listed).toContain(`: ${type} -- `)
  })

  test('a machine is marked in the act of making, by its group, and one list tells all of them', async () => {
    const id = randomUUID()
    await must(
      ...['createvm', '--name', 'a b', '--groups', `/azl-vm/${runId}`, '--uuid', id],
      ...['--ostype', 'Fedora_64', '--register'],
    )
    const listed = await must('list', '--long', 'vms')
    expect(listed).toMatch(new RegExp(`^Groups:\\s+/azl-vm/${runId}$`, 'm'))
    expect(listed).toMatch(new RegExp(`^UUID:\\s+${id}$`, 'm'))
    await must('unregistervm', id, '--delete')
    expect(await must('list', 'vms')).toBe('')
  })

  test('machines are listed in the order in which they were registered, also by a VirtualBox that was begun anew', async () => {
    const ids = ['9', '5', '1', '7'].map((digit) => digit.repeat(8) + randomUUID().slice(8))
    for (const [index, id] of ids.entries())
      await must('createvm', '--name', `m${String(9 - index)}`, '--uuid', id, '--ostype', 'Fedora_64', '--register')
    const listed = async () => {
      const text = await must('list', '--long', 'vms')
      return [...text.matchAll(/^UUID: +(\S+)$/gm)].map(([, id]) => id)
    }
    const before = await listed()
    await vbox.endService()
    expect([before, await listed()]).toEqual([ids, ids])
    for (const id of ids) await must('unregistervm', id, '--delete')
  })

  test('the answer to createvm ends with the path of the settings file, in quotes', async () => {
    const id = randomUUID()
    const place = ['--basefolder', join(vbox.folder, "it's")]
    const said = await must('createvm', '--name', 'told', '--uuid', id, ...place, '--ostype', 'Fedora_64', '--register')
    expect(said.split('\n').at(-1)).toMatch(/^[^'/]+'\/.*\/it's\/told\/told\.vbox'$/)
    await must('unregistervm', id, '--delete')
  })

  test('what is not there is VBOX_E_OBJECT_NOT_FOUND, in whatever language', async () => {
    const { exitCode, stderr } = await vbox.manage('showvminfo', randomUUID(), '--machinereadable')
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('0x80bb0001')])
  })

  test('--delete takes a foreign disk with the machine, unless it was detached before', async () => {
    const disk = join(vbox.folder, 'theirs.vdi')
    await must('createmedium', 'disk', '--filename', disk, '--size', '8', '--format', 'VDI')
    const digest = async (): Promise<string> =>
      createHash('sha256')
        .update(await readFile(disk))
        .digest('hex')
    const before = await digest()
    const [detached, attached] = [randomUUID(), randomUUID()]
    for (const id of [detached, attached]) {
      await must('createvm', '--name', id, '--uuid', id, '--ostype', 'Fedora_64', '--register')
      await must('storagectl', id, '--name', 'SATA', '--add', 'sata', '--portcount', '3')
      const attach = ['storageattach', id, '--storagectl', 'SATA', '--port', '0', '--type', 'hdd', '--medium']
      await must(...attach, disk)
      if (id === detached) await must(...attach, 'none')
      await must('unregistervm', id, '--delete')
      if (id === detached) expect(await digest()).toBe(before)
    }
    expect(existsSync(disk)).toBe(false)
  })

  test('Secure Boot is on after its four calls in their order', async () => {
    const id = randomUUID()
    await must('createvm', '--name', 'secure', '--uuid', id, '--ostype', 'Fedora_64', '--register')
    await must('modifyvm', id, '--firmware', 'efi64')
    await must('modifynvram', id, 'inituefivarstore')
    await must('modifynvram', id, 'enrollmssignatures')
    await must('modifynvram', id, 'enrollorclpk')
    await must('modifynvram', id, 'secureboot', '--enable')
    expect(await must('showvminfo', id, '--machinereadable')).toContain('SecureBoot="on"')
    await must('unregistervm', id, '--delete')
  })
})
