// How the command ends: the closed list that docs/cli.md documents.

export const exitCode = {
  /** It did what was asked, or what was asked is so. */
  ok: 0,
  /** The server refused, or what was asked is not so. */
  fail: 1,
  /** It could not be tried: a mistake in the command, no server, no token. */
  cannotRun: 2,
  /** `exec`: the command was killed at its time-out, as `timeout` has it. */
  timedOut: 124,
  /** `run`, `exec`, `sh`: nothing was started; as docker has it. */
  notStarted: 125,
  /** The same: the program could not be started. */
  notExecutable: 126,
  /** `run`: there is no such program. */
  noProgram: 127,
  /** Ctrl-C. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;
