/** Certificates for tests, made by openssl as libvirt's guide has them made: an authority, a server, clients. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = async (args: readonly string[]): Promise<string> => (await promisify(execFile)('openssl', [...args])).stdout

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** Signs itself. */
export async function makeAuthority(folder: string, name: string): Promise<Certificate> {
  const made = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  await run([
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyCertSign'],
    ...['-keyout', made.key, '-out', made.cert],
  ])
  return made
}

export interface CertificateRequest {
  readonly usage: 'serverAuth' | 'clientAuth'
  /** `DNS:kvm1,IP:127.0.0.1` */
  readonly names?: string
  readonly isExpired?: boolean
}

export async function makeCertificate(
  folder: string,
  name: string,
  authority: Certificate,
  { usage, names, isExpired = false }: CertificateRequest,
): Promise<Certificate> {
  const at = (ending: string): string => join(folder, `${name}.${ending}`)
  const made = { cert: at('pem'), key: at('key') }
  await run([
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`],
    ...['-keyout', made.key, '-out', at('csr')],
  ])
  await writeFile(
    at('ext'),
    [
      'basicConstraints=critical,CA:FALSE',
      // libvirt wants both (src/rpc/virnettlscert.c), though newer ciphers need the first only.
      'keyUsage=critical,digitalSignature,keyEncipherment',
      `extendedKeyUsage=${usage}`,
      ...(names === undefined ? [] : [`subjectAltName=${names}`]),
      '',
    ].join('\n'),
  )
  await run([
    ...['x509', '-req', '-in', at('csr'), '-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'],
    // Its last day was yesterday.
    ...['-days', isExpired ? '-1' : '2', '-extfile', at('ext'), '-out', made.cert],
  ])
  return made
}

/** As `SHA256 Fingerprint=AA:BB:…` is printed, the part behind the equals sign. */
export async function fingerprintOf({ cert }: Certificate): Promise<string> {
  return (await run(['x509', '-noout', '-fingerprint', '-sha256', '-in', cert])).trim().replace(/^.*=/, '')
}
