/**
 * The story of a command, told on stderr: phases with their time, and lines between them.
 * A terminal gets one live line, everything else one line per event; JSON output keeps stderr silent.
 */

/** What a command says while it works. Events of the core are turned into these calls by who listens to them. */
export interface Progress {
  /** One line of the story, for everybody who did not ask for quiet. */
  say(line: string): void
  /** One line that only `--verbose` shows. */
  detail(line: string): void
  /** A line that also `--quiet` shows. */
  warn(line: string): void
  /** A phase begins; at most one is open, so an open one is finished first. */
  startPhase(text: string): void
  /** How far the open phase is, for the live line only: `1.2 GiB of 2 GiB`. May be called very often. */
  updatePhase(detail: string): void
  /** The open phase is over. `text` replaces the phase's own text in the line that stays. */
  finishPhase(outcome: 'done' | 'failed', text?: string): void
  /** Takes the live line away, so that others can write; called by main at the end. */
  close(): void
}
