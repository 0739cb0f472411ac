import { expect, it } from 'vitest'
import { int, string, struct, uint } from '../../src/rpc/codec.ts'
import { procedures } from '../../src/rpc/procedures.ts'
import { compareProtocol } from '../../tools/compare-protocol.ts'
import { compareSince } from '../../tools/compare-since.ts'
import type { ProcedureBelief } from '../../tools/compare-protocol.ts'
import { readDescription } from '../../tools/protocol-description.ts'

/** In the manner of libvirt's files, with two procedures of our own. */
const description = `
%#include "x.h"
/* const NOT_THIS = 1; */
const REMOTE_STRING_MAX = 4194304;
struct remote_nonnull_thing { remote_nonnull_string name; int id; };
typedef remote_nonnull_thing *remote_thing;
struct remote_thing_get_args {
    remote_nonnull_thing thing; /* which; one */
    unsigned flags;
};
enum remote_procedure {
    /**
     * @generate: both
     */
    REMOTE_PROC_THING_GET = 12,
    REMOTE_PROC_THING_DROP = 13
};
`

const thing = struct('remote_nonnull_thing', { name: string, id: int })
const nothing = procedures.authPolkit.args

function belief(change: Partial<ProcedureBelief> = {}): ProcedureBelief {
  const args = struct('remote_thing_get_args', { thing, flags: uint })
  return { program: 0x20008086, name: 'THING_GET', number: 12, args, result: nothing, ...change }
}

/** The differences that concern the procedures; the rest of libvirt is not in this description. */
function differences(...beliefs: ProcedureBelief[]): readonly string[] {
  const { differences: all } = compareProtocol(readDescription([description]), beliefs)
  return all.filter((line) => /_thing|THING_/.test(line))
}

it('the comparison accepts what is the same', () => {
  expect(differences(belief(), belief({ name: 'THING_DROP', number: 13, args: nothing }))).toEqual([])
})

it.each<[string, ProcedureBelief, RegExp]>([
  ['a wrong number', belief({ number: 13 }), /we say 13, libvirt says 12/],
  ['a procedure that does not exist', belief({ name: 'THING_EAT' }), /libvirt has no REMOTE_PROC_THING_EAT/],
  ['arguments that are left out', belief({ args: nothing }), /we send nothing/],
  [
    'a structure of another name',
    belief({ args: struct('remote_nonnull_thing', { name: string, id: int }) }),
    /ours is called/,
  ],
  [
    'fields in another order',
    belief({ args: struct('remote_thing_get_args', { flags: uint, thing }) }),
    /we say \{unsigned int flags/,
  ],
  ['a field of another type', belief({ args: struct('remote_thing_get_args', { thing, flags: int }) }), /int flags/],
  ['a field that is missing', belief({ args: struct('remote_thing_get_args', { thing }) }), /libvirt says/],
  [
    'a wrong structure inside a right one',
    belief({
      args: struct('remote_thing_get_args', {
        thing: struct('remote_nonnull_thing', { id: int, name: string }),
        flags: uint,
      }),
    }),
    /struct remote_nonnull_thing: we say/,
  ],
])('the comparison finds %s', (_title, wrong, expected) => {
  expect(differences(wrong).join('\n')).toMatch(expected)
})

it('the comparison finds a first version that is wrong, missing, or of no call', () => {
  const symbols = 'LIBVIRT_0.3.3 {\n global:\n    virDomainGetXMLDesc; /* a */\n} LIBVIRT_0.3.2;\n'
  const qemu = 'LIBVIRT_QEMU_0.8.3 {\n global:\n    virDomainQemuMonitorCommand;\n};\n'
  const find = (remote: Record<string, string>): string[] => {
    const table = { remote, qemu: { DOMAIN_MONITOR_COMMAND: '0.8.3' } }
    return compareSince([symbols, qemu], table as never)
  }
  expect(find({ DOMAIN_GET_XML_DESC: '0.3.3' })).toEqual([])
  expect(find({ DOMAIN_GET_XML_DESC: '0.3.4' })).toEqual([
    'DOMAIN_GET_XML_DESC: we say since 0.3.4, libvirt says 0.3.3',
  ])
  expect(find({})).toEqual(['DOMAIN_GET_XML_DESC: we say since ?, libvirt says 0.3.3'])
  expect(find({ DOMAIN_GET_XML_DESC: '0.3.3', DOMAIN_EAT: '1.0.0' })).toEqual([
    'DOMAIN_EAT: has a version and is no call of ours',
  ])
})
