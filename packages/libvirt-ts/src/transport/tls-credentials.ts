/**
 * Where certificates come from: the caller, the URI's `pkipath`, or the places of libvirt's own client: each file is
 * looked for in the user's folder first, then in the system's (virNetTLSContextLocateCredentials in libvirt's
 * src/rpc/virnettlscontext.c; docs/kbase/tlscerts.rst).
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConnectionError, UriError } from '../errors.ts'
import type { ConnectionTarget } from '../uri.ts'
import type { DialOptions } from './dialer.ts'
import { codeOf } from './open-socket.ts'

type Pem = string | Buffer

export interface Credentials {
  readonly ca: Pem | undefined
  /** For messages. */
  readonly caFrom: string
  readonly cert: Pem | undefined
  readonly key: Pem | undefined
  readonly certFrom: string | undefined
  /** 64 hex digits, lower case. */
  readonly fingerprint: string | undefined
  readonly isVerified: boolean
}

interface Places {
  readonly ca: readonly string[]
  readonly cert: readonly string[]
  readonly key: readonly string[]
}

export async function readCredentials(target: ConnectionTarget, options: DialOptions): Promise<Credentials> {
  const { tls } = options
  const isVerified = !target.isUnverified
  const fingerprint = fingerprintOf(tls?.fingerprint)
  const places = placesOf(target, (options.env ?? process.env)['HOME'])
  const ca = tls?.ca === undefined ? await readFirst(places.ca) : { from: 'the options', pem: tls.ca }
  if (ca === undefined && isVerified && fingerprint === undefined) throw noAuthority(target, places.ca)
  const own = await readOwn(places, options)
  return {
    ca: ca?.pem,
    caFrom: ca?.from ?? 'nowhere',
    cert: own?.cert,
    key: own?.key,
    certFrom: own?.from,
    fingerprint,
    isVerified,
  }
}

interface Own {
  readonly cert: Pem
  readonly key: Pem
  readonly from: string
}

/** The daemon may ask for a certificate of ours, and then both files are needed; without both we have none. */
async function readOwn(places: Places, { tls }: DialOptions): Promise<Own | undefined> {
  if (tls?.cert !== undefined && tls.key !== undefined) return { cert: tls.cert, key: tls.key, from: 'the options' }
  const [cert, key] = await Promise.all([readFirst(places.cert), readFirst(places.key)])
  if (cert === undefined || key === undefined) return undefined
  return { cert: cert.pem, key: key.pem, from: cert.from }
}

function placesOf({ parameters }: ConnectionTarget, home: string | undefined): Places {
  const pkipath = parameters['pkipath']
  if (pkipath !== undefined) {
    return {
      ca: [join(pkipath, 'cacert.pem')],
      cert: [join(pkipath, 'clientcert.pem')],
      key: [join(pkipath, 'clientkey.pem')],
    }
  }
  const users = home === undefined || home === '' ? undefined : join(home, '.pki', 'libvirt')
  const both = (name: string, system: string): readonly string[] =>
    users === undefined ? [system] : [join(users, name), system]
  return {
    ca: both('cacert.pem', '/etc/pki/CA/cacert.pem'),
    cert: both('clientcert.pem', '/etc/pki/libvirt/clientcert.pem'),
    key: both('clientkey.pem', '/etc/pki/libvirt/private/clientkey.pem'),
  }
}

/** A file that is there and cannot be read is an error; one that is not there is not. */
async function readFirst(files: readonly string[]): Promise<{ readonly from: string; readonly pem: Pem } | undefined> {
  for (const from of files) {
    try {
      return { from, pem: await readFile(from) }
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') continue
      throw new ConnectionError('certificate-missing', `${from} cannot be read`, {
        cause,
        hint: 'See who may read it: the private key is usually for root alone. A copy in ~/.pki/libvirt is for you.',
      })
    }
  }
  return undefined
}

function noAuthority(target: ConnectionTarget, files: readonly string[]): ConnectionError {
  return new ConnectionError(
    'certificate-missing',
    `there is no certificate of an authority to know ${target.host ?? 'the host'} by`,
    {
      cause: new Error(`looked for ${files.join(', ')}`),
      hint: `Put the authority's certificate at ${files[0] ?? ''}, or name its folder with ?pkipath=FOLDER.`,
    },
  )
}

function fingerprintOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const digits = text.replaceAll(':', '').toLowerCase()
  if (/^[0-9a-f]{64}$/.test(digits)) return digits
  throw new UriError(`'${text}' is not a SHA-256 fingerprint`, {
    hint: 'It has 64 hex digits: openssl x509 -noout -fingerprint -sha256 -in servercert.pem prints it.',
  })
}
