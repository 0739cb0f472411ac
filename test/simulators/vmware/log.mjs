// @ts-check
// vmware.log: begun anew at each start, the last ones kept beside it.
import { appendFileSync, existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class Log {
  /** @param {string} folder */
  constructor(folder) {
    this.file = join(folder, 'vmware.log')
    if (existsSync(this.file)) renameSync(this.file, join(folder, 'vmware-0.log'))
    writeFileSync(this.file, '')
  }

  /** As Workstation 17 writes it. @param {string} thread @param {string} text */
  write(thread, text) {
    appendFileSync(this.file, `${new Date().toISOString()} In(05) ${thread} - ${text}\n`)
  }
}
