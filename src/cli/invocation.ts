// One run of the command: where it writes, whom it asks, what ends it. Commands get it and nothing else of the process.
import type { Command } from 'commander';
import { type Connection, createClient, findServer, type TerrariumClient } from '../client/node.ts';
import { exitCodeOf, hintOf, Interrupted, UsageError } from './errors.ts';
import { escapeJson, showControls, showControlsInLine } from './print/harmless.ts';
import { makeStyle, type Style } from './print/style.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly color: boolean;
}

export interface Invocation {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly isJson: boolean;
  /** Of standard output. */
  readonly style: Style;
  /** Of standard error. */
  readonly noteStyle: Style;
  /** Aborted by Ctrl-C and SIGTERM; its reason is {@link Interrupted}. */
  readonly signal: AbortSignal;
  /** Of the server that is found; made once. */
  client(): Promise<TerrariumClient>;
  /** Writes lines to standard output. */
  print(...lines: readonly string[]): undefined;
  /** One document, or with `asLine` one line of many. */
  printJson(value: unknown, form?: 'document' | 'line'): undefined;
  /** On standard error: what is no result, a line or lines as they are laid out; and the way out. */
  note(text: string | readonly string[], hint?: string): void;
}

/** What a command does; what it answers is the exit code, 0 where it answers nothing. */
export type Work<Options> = (
  run: Invocation,
  options: Options & CommonOptions,
  args: string[],
) => Promise<number | undefined>;

export interface Manners {
  /** How a failure ends the command. */
  readonly toExitCode?: (error: unknown) => number;
  /** It says by itself how the connection stands. */
  readonly isQuietAboutConnection?: boolean;
}

/** A commander action that runs the work, tells what went wrong, and sets the exit code. */
export function perform<Options = unknown>(
  work: Work<Options>,
  { toExitCode = exitCodeOf, isQuietAboutConnection = false }: Manners = {},
) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const args = given
      .slice(0, -2)
      .flat()
      .filter((arg) => arg !== undefined) as string[];
    const options = command.optsWithGlobals<Options & CommonOptions>();
    const { run, end } = begin(options, isQuietAboutConnection);
    try {
      process.exitCode = (await work(run, options, args)) ?? 0;
    } catch (error) {
      tell(run, error);
      process.exitCode = toExitCode(error);
    } finally {
      end();
    }
  };
}

function begin({ json = false, url, color }: CommonOptions, isQuiet: boolean): { run: Invocation; end: () => void } {
  const { stdin, stdout, stderr, env } = process;
  const aborting = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => {
    // Who asks twice does not want to wait for what is still to be cleaned up.
    if (aborting.signal.aborted) process.exit(exitCodeOf(aborting.signal.reason));
    aborting.abort(new Interrupted(signal as 'SIGINT'));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  const leave = (error: NodeJS.ErrnoException) => {
    // Nobody reads any more: `terrarium events | head -1`.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  };
  stdout.on('error', leave);

  let client: Promise<TerrariumClient> | undefined;
  // What it quotes may hold ends of lines: none of them begins a line that looks like ours.
  const indent = (text: string) => showControls(text).replaceAll('\n', '\n  ');
  const note = (text: string | readonly string[], hint?: string) => {
    const shown = typeof text === 'string' ? indent(text) : text.map(showControlsInLine).join('\n');
    stderr.write(`terrarium: ${shown}${hint === undefined ? '' : indent(`\n${hint}`)}\n`);
  };
  const run: Invocation = {
    stdin,
    stdout,
    env,
    isJson: json,
    style: makeStyle({ isTerminal: stdout.isTTY === true, env, isWanted: color }),
    noteStyle: makeStyle({ isTerminal: stderr.isTTY === true, env, isWanted: color }),
    signal: aborting.signal,
    client() {
      client ??= connect({ ...env, ...(url !== undefined && { TERRARIUM_URL: url }) }, isQuiet ? () => {} : note);
      return client;
    },
    print(...lines) {
      stdout.write(showControls(lines.map((line) => `${line}\n`).join('')));
    },
    printJson(value, form = 'document') {
      stdout.write(`${escapeJson(JSON.stringify(value, null, form === 'document' ? 2 : undefined))}\n`);
    },
    note,
  };
  const end = () => {
    for (const signal of signals) process.off(signal, interrupt);
    void client?.then((one) => one.close()).catch(() => {});
    stdin.pause();
  };
  return { run, end };
}

async function connect(env: NodeJS.ProcessEnv, note: (text: string) => void): Promise<TerrariumClient> {
  const { url, token } = await findServer(env);
  let isCut = false;
  const onConnection = (connection: Connection) => {
    if (connection.state === 'waiting' && !isCut) note(`${connection.error.message}; trying again`);
    if (connection.state === 'open' && isCut) note('connected again');
    if (connection.state !== 'connecting') isCut = connection.state === 'waiting';
  };
  return createClient({ url, token, onConnection, retries: 1 });
}

function tell(run: Invocation, error: unknown): void {
  if (error instanceof Interrupted) return;
  run.note(error instanceof UsageError && error.lines ? error.lines : (error as Error).message, hintOf(error));
}
