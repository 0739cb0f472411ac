import { describe, expect, test } from 'vitest'
import { defineCommand, type AnyCommand, type CommandContext, type CommandEntry } from '../../../src/cli/command.ts'
import { outputClosed } from '../../../src/cli/output-closed.ts'
import { AzlVmError } from '../../../src/errors.ts'
import { runMain, type RunMainOptions } from '../../support/run-cli.ts'

/** A command that hands back its arguments. */
const echo = defineCommand({
  positionals: [
    { name: 'machineName', description: 'The machine.', required: true },
    { name: 'words', description: 'More.', variadic: true },
  ],
  options: {
    mode: { type: 'string', choices: ['graceful', 'force'], default: 'graceful', description: 'How.' },
    count: { type: 'number', alias: 'n', description: 'How often.' },
    force: { type: 'boolean', alias: 'f', description: 'At once.' },
    set: { type: 'string[]', description: 'Keys.', placeholder: 'KEY=VALUE' },
    secret: { type: 'boolean', hidden: true, description: 'Only azl-vm says this.' },
  },
  examples: [{ command: 'azl-vm echo a', text: 'An example.' }],
  handler: async (args) => ({ data: args, text: () => JSON.stringify(args) }),
})

function doing(handler: AnyCommand['handler'], passesRestOn = false): AnyCommand {
  const positionals = [{ name: 'words', description: 'Words.', variadic: true }]
  return { positionals, options: {}, examples: [], handler, passesRestOn }
}

function entry(name: string, command: AnyCommand, more: Partial<CommandEntry> = {}): CommandEntry {
  return { name, group: 'Machines', summary: `Summary of ${name}.`, load: async () => ({ command }), ...more }
}

const entries: readonly CommandEntry[] = [
  entry('echo', echo, { aliases: ['repeat'], alsoCalled: ['say'] }),
  entry('snapshot create', echo),
  entry('snapshot list', echo),
  entry('exec', { ...echo, passesRestOn: true }),
  entry('record', echo, { hidden: true }),
]

const run = (argv: readonly string[], options: RunMainOptions = {}) => runMain(argv, { app: {}, entries, ...options })

async function argsOf(...argv: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await run([...argv, '-o', 'json'])
  expect(stderr).toBe('')
  const {
    output: _output,
    quiet: _quiet,
    verbose: _verbose,
    help: _help,
    ...args
  } = JSON.parse(stdout) as Record<string, unknown>
  return args
}

const defaults = { machineName: 'a', words: [], mode: 'graceful', force: false, secret: false, set: [] }

describe('arguments', () => {
  test.each([
    ['defaults', ['echo', 'a'], {}],
    ['an alias of a command', ['repeat', 'a'], {}],
    ['a command of two words', ['snapshot', 'create', 'a'], {}],
    [
      'options before and after, with = and without',
      ['echo', '--mode=force', 'a', '-n', '3'],
      { mode: 'force', count: 3 },
    ],
    ['global options before the command', ['-o', 'json', '--quiet', 'echo', 'a'], {}],
    ['a list', ['echo', 'a', '--set', 'x=1', '--set', 'y=2', 'b'], { set: ['x=1', 'y=2'], words: ['b'] }],
    ['one of a list', ['echo', 'a', '--set', 'x.y[0]=1'], { set: ['x.y[0]=1'] }],
    [
      'what looks like a number stays text',
      ['echo', '007', '1e3', '0x10'],
      { machineName: '007', words: ['1e3', '0x10'] },
    ],
    ['words behind --', ['echo', 'a', '--', '--mode', '-x'], { words: ['--mode', '-x'] }],
    ['a negated value of a switch', ['echo', 'a', '--force=false'], { force: false }],
    ['a short switch', ['echo', 'a', '-f'], { force: true }],
    [
      'words that objects inherit',
      ['echo', 'constructor', '__proto__'],
      { machineName: 'constructor', words: ['__proto__'] },
    ],
  ])('%s', async (_what, argv, expected) => {
    const words = argv[0] === '-o' ? argv : argv.includes('--') ? ['-o', 'json', ...argv] : [...argv, '-o', 'json']
    const { stdout, stderr } = await run(words)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({ ...defaults, ...expected })
  })

  test.each([
    ['without --', ['exec', 'a', 'ls', '-l', '--mode', 'x']],
    ['with --', ['exec', 'a', '--', 'ls', '-l', '--mode', 'x']],
  ])("another command's options are its own, %s", async (_what, argv) => {
    const { stdout } = await run(['-o', 'json', ...argv])
    expect(JSON.parse(stdout)).toMatchObject({ ...defaults, words: ['ls', '-l', '--mode', 'x'] })
  })

  test("a second -- and the other command's output format are passed on", async () => {
    const { stdout } = await run(['exec', 'a', '--', 'sh', '--', '-o', 'json'])
    expect(JSON.parse(stdout)).toMatchObject({ words: ['sh', '--', '-o', 'json'], output: 'text' })
  })

  test('the same, asked once', async () => {
    expect(await argsOf('echo', 'a')).toEqual(defaults)
  })

  test.each([
    ['an unknown command', ['ecko'], "'ecko' is no command of azl-vm", "did you mean 'echo'?"],
    ["another tool's command", ['say'], "'say' is no command of azl-vm", "did you mean 'echo'?"],
    ['a command that is like none', ['xyzzy'], "'xyzzy' is no command of azl-vm", "'azl-vm --help' lists the commands"],
    ['half a command', ['snapshot'], "'snapshot' needs one more word", 'there are: snapshot create, snapshot list'],
    [
      'an unknown half',
      ['snapshot', 'crate'],
      "'snapshot crate' is no command",
      'there are: snapshot create, snapshot list',
    ],
    [
      'a hidden command is not offered',
      ['recrod'],
      "'recrod' is no command of azl-vm",
      "'azl-vm --help' lists the commands",
    ],
    ['an unknown option', ['echo', 'a', '--forse'], "'echo' has no option --forse", 'did you mean --force?'],
    ['an unknown letter', ['echo', 'a', '-x'], "'echo' has no option -x", "'azl-vm echo --help' lists its options"],
    ['a negation that is none', ['echo', 'a', '--no-force'], "'echo' has no option --no-force", ''],
    ['no value', ['echo', 'a', '--mode'], '--mode needs a value', 'one of: graceful, force'],
    ['an empty value', ['echo', 'a', '--mode='], '--mode has an empty value', "'azl-vm echo --help' explains it"],
    ['no value behind a letter', ['echo', 'a', '-o'], '-o, --output needs a value', 'one of: text, json'],
    [
      'a value that is not offered',
      ['echo', 'a', '--mode', 'forse'],
      "--mode: 'forse' is not known",
      "did you mean 'force'? one of: graceful, force",
    ],
    ['no number', ['echo', 'a', '--count', 'many'], "--count: 'many' is no number", ''],
    ['nothing for a number', ['echo', 'a', '--count='], "--count: '' is no number", ''],
    [
      'a switch with a value',
      ['echo', 'a', '--force=maybe'],
      '--force takes no value',
      'write --force, or leave it out',
    ],
    [
      'an option twice',
      ['echo', 'a', '--mode', 'force', '--mode', 'graceful'],
      '--mode is given twice',
      'give it once',
    ],
    ['an output that is none', ['echo', 'a', '-o', 'yaml'], "--output: 'yaml' is not known", 'one of: text, json'],
    ['no argument', ['echo'], "'echo' needs MACHINE-NAME", "'azl-vm echo --help' explains it"],
  ])('%s: exit code 2, what and what to do', async (_what, argv, message, hint) => {
    const { exitCode, stdout, stderr } = await run(argv)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(`error: ${message}`)
    expect(stderr).toContain(hint)
    expect(stderr).not.toContain('    at ')
  })

  test('one argument too many', async () => {
    const only = entry('only', { ...echo, positionals: [], handler: async () => ({ data: 1, text: () => '' }) })
    expect((await run(['only', 'x'], { entries: [only] })).stderr).toContain("'x' is one argument too many for 'only'")
  })
})

describe('results', () => {
  test('text goes to stdout with a line end, nothing to stderr', async () => {
    const command = doing(async () => ({ data: { a: 1 }, text: () => 'hello', exitCode: 5 }))
    expect(await run(['x'], { entries: [entry('x', command)] })).toEqual({ exitCode: 5, stdout: 'hello\n', stderr: '' })
  })

  test('--output json prints the data as one document and does not make the text', async () => {
    const command = doing(async () => ({
      data: { a: 1 },
      text: () => {
        throw new Error('not asked for')
      },
    }))
    const { stdout } = await run(['x', '--output=json'], { entries: [entry('x', command)] })
    expect(JSON.parse(stdout)).toEqual({ a: 1 })
  })

  test('no text prints no empty line', async () => {
    const command = doing(async () => ({ data: undefined, text: () => '' }))
    expect((await run(['x'], { entries: [entry('x', command)] })).stdout).toBe('')
  })
})

function failing(error: unknown, signal?: AbortSignal) {
  const command = doing(async () => {
    throw error
  })
  return { entries: [entry('x', command)], ...(signal === undefined ? {} : { signal }) }
}

describe('errors', () => {
  const cause = new Error('connect ECONNREFUSED', { cause: new Error('no such socket') })
  const known = new AzlVmError('host-not-ready', 'libvirt does not answer', {
    hint: 'start it: systemctl start libvirtd',
    cause,
    evidence: ['first line', 'second\u001b[2J line'],
  })

  test('headline, causes, evidence and hint, on stderr; no terminal obeys them', async () => {
    const { exitCode, stdout, stderr } = await run(['x'], failing(known))
    expect(exitCode).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toBe(
      [
        'error: libvirt does not answer',
        '  because: connect ECONNREFUSED',
        '  because: no such socket',
        '  first line',
        '  second\\x1b[2J line',
        'hint: start it: systemctl start libvirtd',
        '',
      ].join('\n'),
    )
  })

  test('as one JSON document on stdout', async () => {
    const { exitCode, stdout, stderr } = await run(['x', '-o', 'json'], failing(known))
    expect([exitCode, stderr]).toEqual([3, ''])
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'host-not-ready',
        message: 'libvirt does not answer',
        hint: 'start it: systemctl start libvirtd',
        causes: ['connect ECONNREFUSED', 'no such socket'],
        evidence: ['first line', 'second\u001b[2J line'],
      },
    })
  })

  test('a fault of the command line is JSON too', async () => {
    for (const argv of [
      ['x', '--bogus', '-o', 'json'],
      ['-o', 'json'],
      ['--output=json', 'nonsense'],
    ]) {
      const { exitCode, stdout } = await run(argv, failing(known))
      expect(exitCode).toBe(2)
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage' } })
    }
  })

  test('a cause whose text is already said, and a circle of causes, are said once', async () => {
    const circular = new Error('the disk is full')
    circular.cause = circular
    const error = new AzlVmError('no-space', 'cannot write: the disk is full', { cause: circular })
    expect((await run(['x'], failing(error))).stderr).not.toContain('because')
  })

  test('all errors of an AggregateError are said', async () => {
    const error = new AzlVmError('backend-failed', 'failed', {
      cause: new AggregateError([new Error('one'), new Error('two')], 'both'),
    })
    const { stderr } = await run(['x'], failing(error))
    expect(stderr.match(/because: .*/g)).toEqual(['because: both', 'because: one', 'because: two'])
  })

  test.each([
    ['an error', new TypeError('undefined is not a function'), 'undefined is not a function'],
    ['a string', 'a string', 'a string'],
    ['nothing', undefined, 'undefined'],
  ])('%s that nobody expected is a bug: exit code 70, and where the log is', async (_what, error, text) => {
    const { exitCode, stderr } = await run(['x'], { ...failing(error), app: { logFile: '/logs/x.log' } })
    expect(exitCode).toBe(70)
    expect(stderr).toContain(`error: a bug in azl-vm: ${text}`)
    expect(stderr).toContain('/logs/x.log')
    expect(stderr).toContain('Please report it')
  })

  test('the application is closed after an error as well', async () => {
    let isClosed = false
    const app = {
      close: async () => {
        isClosed = true
      },
    }
    await run(['x'], { ...failing(known), app })
    expect(isClosed).toBe(true)
  })
})

describe('interruption', () => {
  const aborted = (reason?: unknown) => AbortSignal.abort(reason)

  test.each([
    ['an AbortError', new DOMException('This operation was aborted', 'AbortError'), 'error: interrupted\n'],
    ['our own error', new AzlVmError('cancelled', 'stopped while copying'), 'error: stopped while copying\n'],
  ])('%s after Ctrl-C ends with 130', async (_what, error, text) => {
    expect(await run(['x'], failing(error, aborted()))).toEqual({ exitCode: 130, stdout: '', stderr: text })
  })

  test('another error after Ctrl-C is not hidden', async () => {
    const { exitCode, stderr } = await run(['x'], failing(new AzlVmError('no-space', 'the disk is full'), aborted()))
    expect([exitCode, stderr]).toEqual([3, 'error: the disk is full\n'])
  })

  test('an AbortError that nobody asked for is a bug', async () => {
    expect((await run(['x'], failing(new DOMException('aborted', 'AbortError')))).exitCode).toBe(70)
  })

  test('a reader that went away (| head) is no failure', async () => {
    const error = new AzlVmError('cancelled', 'cancelled')
    expect(await run(['x'], failing(error, aborted(outputClosed)))).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })
})

describe('questions', () => {
  const asking = (onAnswer: (answer: boolean) => void) => [
    entry(
      'x',
      doing(async (_args, ctx: CommandContext) => {
        onAnswer(await ctx.confirm('Remove it?'))
        return { data: undefined, text: () => '' }
      }),
    ),
  ]

  test.each([
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
    ['yesterday\n', false],
  ])('the answer %j is %s', async (stdin, expected) => {
    let answer: boolean | undefined
    const { stderr } = await run(['x'], {
      entries: asking((given) => (answer = given)),
      terminals: ['stdin', 'stderr'],
      stdin,
    })
    expect(answer).toBe(expected)
    expect(stderr).toContain('Remove it? [y/N] ')
  })

  test.each([
    ['stdin is no terminal', ['stderr'] as const],
    ['stderr is no terminal', ['stdin'] as const],
  ])('nothing is asked when %s, not even with an answer in the pipe', async (_what, terminals) => {
    let wasAnswered = false
    const { exitCode, stderr } = await run(['x'], {
      entries: asking(() => (wasAnswered = true)),
      terminals,
      stdin: 'y\n',
    })
    expect([exitCode, wasAnswered]).toEqual([2, false])
    expect(stderr).toContain('--yes')
    expect(stderr).toContain('Remove it?')
  })
})

describe('help', () => {
  test('--help, -h and help go to stdout with exit code 0', async () => {
    const outputs = await Promise.all([['--help'], ['-h'], ['help']].map((argv) => run(argv)))
    for (const { exitCode, stdout, stderr } of outputs) {
      expect([exitCode, stderr]).toEqual([0, ''])
      expect(stdout).toContain('Summary of echo.')
      expect(stdout).toContain('Exit codes')
      expect(stdout).not.toContain('record')
    }
  })

  test('no command: the help on stderr with exit code 2', async () => {
    for (const argv of [[], ['--verbose']]) {
      const { exitCode, stdout, stderr } = await run(argv)
      expect([exitCode, stdout]).toEqual([2, ''])
      expect(stderr).toContain('Usage: azl-vm COMMAND')
    }
  })

  test.each([
    ['help echo', ['help', 'echo']],
    ['echo --help', ['echo', '--help']],
    ['echo -h, whatever else is wrong', ['echo', '-h', '--count', '1']],
    ['--help echo', ['--help', 'echo']],
    ['help of an alias', ['help', 'repeat']],
  ])('%s explains the command and does not run it', async (_what, argv) => {
    const { exitCode, stdout } = await run(argv)
    expect(exitCode).toBe(0)
    for (const text of [
      'Usage: azl-vm echo MACHINE-NAME [WORDS...] [OPTIONS]',
      'Also: azl-vm repeat',
      '--mode graceful|force  How. (default: graceful)',
      '--set KEY=VALUE',
      '-f, --force',
      'azl-vm echo a',
    ]) {
      expect(stdout).toContain(text)
    }
    expect(stdout).not.toContain('--secret')
  })

  test.each([
    ['asked behind it', ['snapshot', '--help']],
    ['asked before it', ['help', 'snapshot']],
  ])('half a command, %s: the commands that it begins', async (_what, argv) => {
    const { exitCode, stdout, stderr } = await run(argv)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('snapshot create')
    expect(stdout).toContain('snapshot list')
    expect(stdout).not.toContain('echo')
  })

  test('help of a command that is none', async () => {
    expect((await run(['help', 'ecko'])).exitCode).toBe(2)
  })

  test('fits the terminal, and has colours on one only, and not with NO_COLOR', async () => {
    const narrow = await run(['--help'], { terminals: ['stdout'], columns: 60 })
    // eslint-disable-next-line no-control-regex -- colours are control sequences
    const plain = narrow.stdout.replaceAll(/\u001b\[\d+m/g, '')
    expect(
      Math.max(
        ...plain
          .split('\n')
          .slice(1)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(60)
    expect(narrow.stdout).toContain('\u001b[1m')
    expect((await run(['--help'], { terminals: ['stdout'], env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b')
    expect((await run(['--help'])).stdout).not.toContain('\u001b')
  })
})

describe('--version', () => {
  test('prints the version of package.json, and nothing else', async () => {
    for (const argv of [['--version'], ['-V'], ['--version', 'echo']]) {
      const { exitCode, stdout, stderr } = await run(argv)
      expect([exitCode, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    }
  })
})

describe('the story on stderr', () => {
  const telling = [
    entry(
      'x',
      doing(async (_args, { progress }: CommandContext) => {
        progress.say('said')
        progress.detail('detail')
        progress.warn('careful')
        progress.startPhase('copying')
        progress.finishPhase('done')
        return { data: {}, text: () => 'result' }
      }),
    ),
  ]
  const now = () => new Date(0)

  test.each([
    ['as it is', [], 'said\nwarning: careful\ncopying: done (0.0 s)\n'],
    ['with --quiet', ['--quiet'], 'warning: careful\n'],
    ['with --verbose', ['--verbose'], 'said\ndetail\nwarning: careful\ncopying: done (0.0 s)\n'],
    ['with --output json', ['--output', 'json'], ''],
  ])('%s', async (_what, argv, expected) => {
    expect((await run(['x', ...argv], { entries: telling, now })).stderr).toBe(expected)
  })

  test('a terminal gets a live line that is taken away again', async () => {
    const { stderr } = await run(['x'], { entries: telling, now, terminals: ['stderr'], env: { NO_COLOR: '1' } })
    expect(stderr).toBe('said\nwarning: careful\n\r\u001b[2Kcopying … 0.0 s\r\u001b[2Kcopying: done (0.0 s)\n')
  })
})
