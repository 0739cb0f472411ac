/** azl-vm on VirtualBox for Windows: Windows' Node under Wine, with the real VBoxManage and QEMU outside. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, win32 } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { literal } from '../../src/provider/powershell-literal.ts'
import { removalCommands, settingsIn } from '../support/by-hand.ts'
import { describeWhere } from '../support/describe-where.ts'
import { repositoryRoot } from '../support/run-cli.ts'
import { tellEnd } from '../support/tool-world.ts'
import { missingForVirtualBox } from '../support/virtualbox-manage.ts'
import { playVirtualBox, type PlayedVirtualBox } from '../support/virtualbox-standin.ts'
import { onDriveZ, Windows, windowsLimitMs } from '../support/windows.ts'
import { emitScript, install, runInstalled, writeProbeSpec } from '../support/windows-install.ts'
import { missingForWindowsPrograms, programsEnvironment, putPrograms } from '../support/windows-programs.ts'

/** Found by what its installer writes into the registry. */
const program = String.raw`D:\Programme für VMs (x64)\VirtualBox`
const usual = String.raw`D:\Eigene Dateien\VirtualBox VMs`
const storage = String.raw`D:\Virtuelle Maschinen\für Tests & 100%`
const home = String.raw`C:\Benutzer Größe\azl vm`

const simulator = join(repositoryRoot, 'test', 'simulators', 'virtualbox')
const unavailable = (await missingForWindowsPrograms()) ?? missingForVirtualBox()

describeWhere('VirtualBox on Windows', unavailable, () => {
  let windows: Windows
  let virtualBox: PlayedVirtualBox
  beforeAll(async () => {
    virtualBox = await playVirtualBox()
    const { env } = virtualBox
    const outside = (name: string) => ({
      file: join(simulator, name),
      env: { ...process.env, ...env, LC_ALL: 'C.UTF-8' },
    })
    windows = await Windows.begin({ VBoxManage: outside('VBoxManage'), VBoxHeadless: outside('VBoxHeadless') })
    await install(windows)
    await putPrograms(windows.unix(program), ['VBoxManage', 'VBoxHeadless', 'VirtualBoxVM'])
    await windows.setRegistry(String.raw`HKLM\SOFTWARE\Oracle\VirtualBox`, 'InstallDir', `${program}\\`)
    await mkdir(windows.unix(usual), { recursive: true })
    await virtualBox.manage('setproperty', 'machinefolder', windows.unix(usual))
  }, windowsLimitMs)
  afterAll(async () => {
    await windows.stop()
    await virtualBox.stop()
  })

  function environment() {
    return {
      AZL_VM_HOME: home,
      AZL_VBOX_STATE: onDriveZ(String(virtualBox.env['AZL_VBOX_STATE'])),
      AZL_VBOX_OUTSIDE: String(virtualBox.env['AZL_VBOX_STATE']),
      ...programsEnvironment(join(simulator, 'windows')),
    }
  }

  async function run(argv: readonly string[]) {
    return await runInstalled(windows, argv, environment())
  }

  /** In PowerShell's engine, which finds no program on the PATH under Wine: its pattern, `VBoxManage.*`, finds no file there. */
  async function powershell(script: string) {
    const found = `function VBoxManage { & ${literal(win32.join(program, 'VBoxManage.exe'))} @args }`
    return await windows.powershell(`${found}\n${script}`, { env: environment() })
  }

  async function settings(): Promise<readonly string[]> {
    return settingsIn(await virtualBox.play('showvminfo', 'probe', '--machinereadable'))
  }

  /** What VBoxManage was given. */
  async function calls(): Promise<readonly (readonly string[])[]> {
    const lines = (await readFile(join(String(virtualBox.env['AZL_VBOX_STATE']), 'calls.jsonl'), 'utf8')).trim()
    return lines.split('\n').map((line) => JSON.parse(line) as readonly string[])
  }

  it(
    'finds VBoxManage by the registry; makes, boots, reads and removes a machine in a folder with spaces and umlauts',
    { timeout: windowsLimitMs },
    async () => {
      const spec = await writeProbeSpec(windows, 'virtualbox', storage, [
        { mac: '08:00:27:0a:0b:0c' },
        { mode: 'isolated', mac: '08:00:27:0a:0b:0d' },
      ])
      expect(await run(['up', spec])).toMatchObject({
        action: 'created',
        provider: 'virtualbox',
        machine: { state: 'running' },
        probe: { processors: 1, disks: [{ sizeBytes: 64 * 1024 ** 2, bus: 'sata' }], droppedBytes: 0 },
      })
      const made = await calls()
      const given = (verb: string): readonly string[] => made.find(([first]) => first === verb) ?? []
      expect(given('createvm')).toEqual(expect.arrayContaining(['--basefolder', storage]))
      expect(given('modifyvm').join(' ')).toMatch(/ --uart-mode1 server \\\\\.\\pipe\\azl-vm-[0-9a-f-]{36} /)
      expect(given('createmedium').join(' ')).toContain(`--filename ${storage}\\azl-vm\\`)
      const doctor = (await run(['doctor', '--provider', 'virtualbox'])) as {
        readonly providers: readonly { readonly findings: readonly { readonly code: string }[] }[]
      }
      // The Windows of these tests has Hyper-V.
      expect(doctor.providers[0]?.findings.map(({ code }) => code)).toContain('slow-virtualization')
      expect(await run(['status', 'probe'])).toMatchObject({ state: 'running', mark: { phase: 'ready' } })
      const byUp = await settings()
      const script = await emitScript(windows, spec, environment())
      expect(await powershell(script)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('There is a virtual machine probe already.') as string,
      })
      await run(['destroy', 'probe'])
      expect(await readdir(windows.unix(storage))).toEqual([])
      await byHand(script, byUp)
      expect(await readdir(windows.unix(win32.join(home, 'state', 'recorders', 'virtualbox')))).toEqual([])
    },
  )

  /** What the script of `plan --emit` makes, beside what VirtualBox says of the machine that `up` made. */
  async function byHand(script: string, byUp: readonly string[]): Promise<void> {
    const end = await powershell(script)
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(await settings()).toEqual(byUp)
    expect(byUp).toContain('firmware="EFI64"')
    const removed = await powershell(removalCommands(script))
    expect(removed.exitCode, tellEnd(removed)).toBe(0)
    expect(await virtualBox.play('list', 'vms')).toBe('')
    expect(await readdir(windows.unix(storage))).toEqual([])
  }
})
