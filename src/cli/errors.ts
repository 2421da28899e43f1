// What went wrong, for a person: one line that names the culprit, one with the way out, and an exit code.
import { TerrariumError } from '../client/node.ts';
import { exitCode } from './exit-codes.ts';

/** The command itself was wrong: nothing was asked of the server. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string | undefined;
  /** Where it takes several lines, laid out: they are shown as they stand. */
  readonly lines: readonly string[] | undefined;

  constructor(message: string | readonly string[], hint?: string) {
    super(typeof message === 'string' ? message : message.join('\n'));
    this.hint = hint;
    this.lines = typeof message === 'string' ? undefined : message;
  }
}

/** Ctrl-C, or SIGTERM. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`ended by ${signal}`);
    this.exitCode = signal === 'SIGINT' ? exitCode.interrupted : exitCode.terminated;
  }
}

/** Where the server's hint speaks of URLs. */
const hints: Readonly<Record<string, string>> = {
  container_not_found: 'terrarium ps -a lists those of Terrarium; with --scope all every one of the engine',
  container_not_running: 'terrarium start starts it',
  unauthorized:
    'Set TERRARIUM_TOKEN, or run this as the user who runs the server: its token is in the folder TERRARIUM_STATE_DIR',
  unreachable: 'terrarium serve starts a server; TERRARIUM_URL or --url names another one',
};

/** The way out. */
export function hintOf(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.hint;
  if (error instanceof TerrariumError) return hints[error.code] ?? (error.hint && translateHint(error.hint));
  return undefined;
}

/** What the server says with URLs, and how it is typed. */
const commands: readonly (readonly [url: RegExp, command: string])[] = [
  [/POST \/api\/v1\/containers\/(closed|bridged|joined|open)\b/g, 'terrarium run $1'],
  [/POST \/api\/v1\/containers\/([\w.-]+)\/(start|stop|restart|unpause|rejoin)\b/g, 'terrarium $2 $1'],
  [/ A WebSocket on this URL [^.]*\./g, ''],
  [/POST \/api\/v1\/labs\/([\w.-]+)\/cancel\b/g, 'terrarium cancel $1'],
  [/GET \/api\/v1\/labs(\/[\w.-]*\w)?/g, 'terrarium ls'],
  [/GET \/api\/v1\/reachability\b/g, 'terrarium reach'],
];

/** A hint of the server in the words of this command. */
export function translateHint(hint: string): string {
  return commands.reduce((text, [url, command]) => text.replaceAll(url, command), hint);
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (!(error instanceof TerrariumError)) return exitCode.cannotRun;
  const couldNotRun = error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 500;
  return couldNotRun ? exitCode.cannotRun : exitCode.fail;
}

/** Of `run`: as `docker run` has it. */
export function runExitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (!isRefusedStart(error)) return exitCode.notStarted;
  return /executable file not found|no such file or directory/.test(error.message)
    ? exitCode.noProgram
    : exitCode.notExecutable;
}

/** Of `exec` and `sh`: `docker exec` makes no difference between a program that there is not and one that is none. */
export function execExitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return isRefusedStart(error) ? exitCode.notExecutable : exitCode.notStarted;
}

function isRefusedStart(error: unknown): error is TerrariumError {
  return error instanceof TerrariumError && error.code === 'engine_refused';
}

/** Will it pass, so that who follows something waits? */
export function isPassing(error: unknown): boolean {
  return error instanceof TerrariumError && (error.code === 'unreachable' || [502, 503, 504].includes(error.status));
}
