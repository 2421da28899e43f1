// Connects this terminal to one in a container: raw, with its size, at the pace of the slower side; and as it was before, whatever happens.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Terminal, TerminalSize } from '../client/node.ts';
import { UsageError } from './errors.ts';
import type { Invocation } from './invocation.ts';

/** Bytes typed that are not sent yet, at which nothing more is read. */
const mostWaiting = 1_048_576;
const drainPollMs = 20;

/** Fails where somebody could not type, or see, as docker does. */
export function requireTerminal({ stdin, stdout }: Invocation, instead: string): void {
  if (!stdin.isTTY) throw new UsageError('the input device is not a TTY', instead);
  if (!stdout.isTTY) throw new UsageError('the output device is not a TTY', instead);
}

export function sizeOf({ stdout }: Invocation): TerminalSize {
  return { cols: clamp(stdout.columns || 80), rows: clamp(stdout.rows || 24) };
}

const clamp = (cells: number) => Math.min(1_000, Math.max(1, cells));

/** Resolves with the exit code, null where the user detached; fails where the terminal is cut. */
export async function converse(run: Invocation, terminal: Terminal): Promise<number | null> {
  const { stdin, stdout, signal } = run;
  const type = (bytes: Buffer) => {
    terminal.write(bytes);
    if (terminal.waiting > mostWaiting) void holdInput();
  };
  const holdInput = async () => {
    stdin.pause();
    while (terminal.waiting > mostWaiting / 2) await sleep(drainPollMs);
    if (isOpen) stdin.resume();
  };
  const resize = () => terminal.resize(sizeOf(run));
  let isOpen = true;
  stdin.setRawMode(true);
  stdin.on('data', type);
  stdout.on('resize', resize);
  resize();
  try {
    for await (const bytes of terminal.output) if (!stdout.write(bytes)) await drained(stdout);
    return (await terminal.exit).exitCode;
  } finally {
    isOpen = false;
    stdin.off('data', type);
    stdout.off('resize', resize);
    stdin.setRawMode(false);
    stdin.pause();
    terminal.close();
    signal.throwIfAborted();
  }
}

function drained(stdout: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stdout.once('drain', () => resolve()));
}
