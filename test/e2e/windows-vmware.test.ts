/** azl-vm on VMware Workstation for Windows: Windows' Node and the stand-in of VMware's tools under Wine, QEMU outside. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, win32 } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removalCommands, settingsOfVmx } from '../support/by-hand.ts'
import { describeWhere } from '../support/describe-where.ts'
import { repositoryRoot } from '../support/run-cli.ts'
import { silentFirmware, silentFirmwareNames } from '../support/silent-firmware.ts'
import { tellEnd } from '../support/tool-world.ts'
import { onDriveZ, Windows, windowsLimitMs } from '../support/windows.ts'
import { emitScript, install, runInstalled, writeProbeSpec } from '../support/windows-install.ts'
import { missingForWindowsPrograms, programsEnvironment, putPrograms } from '../support/windows-programs.ts'

/** Not on the PATH: found by what its installer writes into the registry. */
const workstation = String.raw`D:\Programme für VMs (x86)\VMware Workstation`
const storage = String.raw`D:\Virtuelle Maschinen\für O'Groß $x & 100%`
/** Where its window makes machines, as its user set it. */
const usual = String.raw`D:\Eigene Dateien\Virtuelle Maschinen`
const home = String.raw`C:\Benutzer Größe\azl vm`

const unavailable = await missingForWindowsPrograms()

describeWhere('VMware on Windows', unavailable, () => {
  let windows: Windows
  let state: string
  beforeAll(async () => {
    windows = await Windows.begin()
    state = await mkdtemp(join(tmpdir(), 'vmware-'))
    await mkdir(join(state, 'firmware'))
    for (const name of silentFirmwareNames) await symlink(await silentFirmware(name), join(state, 'firmware', name))
    await install(windows)
    await putPrograms(windows.unix(workstation), ['vmrun', 'vmware-vdiskmanager', 'vmcli', 'vmware'])
    await windows.setRegistry(
      String.raw`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\vmware.exe`,
      undefined,
      win32.join(workstation, 'vmware.exe'),
    )
    const product = String.raw`HKLM\SOFTWARE\WOW6432Node\VMware, Inc.\VMware Workstation`
    await windows.setRegistry(product, 'ProductVersion', '17.6.2.24409262')
    const preferences = windows.unix(String.raw`C:\users\root\AppData\Roaming\VMware`)
    await mkdir(preferences, { recursive: true })
    await writeFile(join(preferences, 'preferences.ini'), `prefvmx.defaultVMPath = "${usual}"\r\n`)
  }, windowsLimitMs)
  afterAll(async () => {
    await windows.stop()
    await rm(state, { recursive: true, force: true })
  })

  function environment() {
    return {
      AZL_VM_HOME: home,
      AZL_VMWARE_SIM: onDriveZ(state),
      ...programsEnvironment(join(repositoryRoot, 'test', 'simulators', 'vmware')),
    }
  }

  async function run(argv: readonly string[]) {
    return await runInstalled(windows, argv, environment())
  }

  /** What each tool was given that changes something. */
  async function changes(): Promise<readonly (readonly string[])[]> {
    const lines = (await readFile(join(state, 'calls.jsonl'), 'utf8')).trim().split('\n')
    return lines.map((line) => JSON.parse(line) as readonly string[]).filter((words) => words.at(-1) !== 'list')
  }

  it(
    'finds the tools by the registry; makes, boots, reads and removes a machine in a folder with spaces and umlauts',
    { timeout: windowsLimitMs },
    async () => {
      const spec = await writeProbeSpec(windows, 'vmware', storage)
      expect(await run(['up', spec])).toMatchObject({
        action: 'created',
        provider: 'vmware',
        machine: { state: 'running' },
        probe: { processors: 1, disks: [{ sizeBytes: 64 * 1024 ** 2, bus: 'nvme' }], droppedBytes: 0 },
      })
      const folder = win32.join(storage, 'probe.azl-vm')
      const vmx = win32.join(folder, 'probe.vmx')
      expect(await changes()).toEqual([
        ['vmware-vdiskmanager', '-c', '-s', '64MB', '-a', 'lsilogic', '-t', '0', win32.join(folder, 'disk0.vmdk')],
        ['vmrun', '-T', 'ws', 'start', vmx, 'nogui'],
      ])
      const written = await readFile(windows.unix(vmx), 'utf8')
      expect(written).toMatch(/^serial0\.fileName = "\\\\\.\\pipe\\azl-vm-[0-9a-f-]{36}"$/m)
      expect(await run(['status', 'probe'])).toMatchObject({ state: 'running', mark: { phase: 'ready' } })
      await byHand(spec, vmx)
      await run(['destroy', 'probe'])
      expect(await readdir(windows.unix(storage))).toEqual([])
      expect(await readdir(windows.unix(usual))).toEqual([])
      expect(await readdir(windows.unix(win32.join(home, 'state', 'recorders', 'vmware')))).toEqual([])
    },
  )

  /** The script of `plan --emit`, in PowerShell's engine: beside the machine that `up` made, whose .vmx this is. */
  async function byHand(spec: string, vmxByUp: string): Promise<void> {
    const env = environment()
    const script = await emitScript(windows, spec, env)
    const end = await windows.powershell(script, { env })
    expect(end.exitCode, tellEnd(end)).toBe(0)
    const vmx = windows.unix(win32.join(storage, 'probe', 'probe.vmx'))
    const [made, byUp] = [await settingsOfVmx(vmx), await settingsOfVmx(windows.unix(vmxByUp))]
    expect(made.own['displayName']).toBe('probe')
    expect(made.own['azlvm.mark']).toBeUndefined()
    expect(made.shared).toEqual(byUp.shared)
    const before = [await readFile(vmx), await readdir(windows.unix(storage), { recursive: true }), await changes()]
    const again = await windows.powershell(script, { env })
    expect(again).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('The folder is there already.') as string,
    })
    expect([await readFile(vmx), await readdir(windows.unix(storage), { recursive: true }), await changes()]).toEqual(
      before,
    )
    const removed = await windows.powershell(removalCommands(script), { env })
    expect(removed.exitCode, tellEnd(removed)).toBe(0)
    expect(await readdir(windows.unix(storage))).toEqual(['probe.azl-vm'])
  }
})
