import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { linuxFindings } from '../../../providers/virtualbox/host-checks.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azl-vbox-host-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function findings(files: Readonly<Record<string, string | Buffer>>, version = [7, 2, 22]): Promise<unknown> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  const places = { devices: join(folder, 'dev'), system: join(folder, 'sys'), modules: join(folder, 'modules') }
  return (await linuxFindings(places, version)).map(({ level, code }) => [level, code])
}

const driver = { 'dev/vboxdrv': '' }
const built = { 'modules/updates/dkms/vboxdrv.ko.xz': '' }
const secureBoot = (isOn: boolean) => ({
  'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c': Buffer.from([6, 0, 0, 0, isOn ? 1 : 0]),
})
const kvm = (atLoad: 'Y' | 'N') => ({ 'sys/module/kvm/parameters/enable_virt_at_load': `${atLoad}\n` })

test('with its module loaded nothing is said', async () => {
  expect(await findings(driver)).toEqual([])
})

test.each([
  ['that is not built', {}, 'vboxdrv-missing'],
  ['that is built and not loaded', { ...built, ...secureBoot(false) }, 'vboxdrv-missing'],
  ['that the host’s Secure Boot refuses', { ...built, ...secureBoot(true) }, 'vboxdrv-unsigned'],
])('a module %s is an error', async (_what, files, code) => {
  expect(await findings(files)).toEqual([['error', code]])
})

test.each([
  ['Y', [7, 2, 8], [['warning', 'kvm-holds-virtualization']]],
  ['Y', [7, 2, 10], []],
  ['N', [7, 1, 14], []],
  ['N', [7, 2, 10], [['warning', 'kvm-shares-nothing']]],
  ['N', [8, 0, 0], [['warning', 'kvm-shares-nothing']]],
] as const)('enable_virt_at_load=%s with VirtualBox %j', async (atLoad, version, expected) => {
  expect(await findings({ ...driver, ...kvm(atLoad) }, [...version])).toEqual(expected)
})
