/**
 * For tests of what uses libvirt-ts: a daemon that says what it is told to.
 *
 * @module testing
 */
export { RawReply } from './raw-reply.ts'
export { fault, ScriptedServer } from './scripted-server.ts'
export type { ArgsOf, Handler, ProcedureName, RecordedCall, ResultOf, ScriptedCall } from './scripted-server.ts'
export type { ScriptedConnection, ScriptedStream } from './scripted-connection.ts'
export { streamPair } from './stream-pair.ts'
