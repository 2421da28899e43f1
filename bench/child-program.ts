// A program of bench/programs as a process of its own, spoken to by messages. It ends with its stage.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Stage } from './stage.ts';

export interface ChildProgram<To, From> {
  readonly pid: number;
  /** What it has written to its standard error so far. */
  printed(): string;
  say(message: To): void;
  /** The next message that is one of those wanted. Fails when the program ends first. */
  next<Wanted extends From>(isWanted: (message: From) => message is Wanted): Promise<Wanted>;
  onMessage(listener: (message: From) => void): void;
  stop(): Promise<void>;
}

/** Forks `bench/programs/FILE` with the arguments. */
export function startProgram<To, From>(
  stage: Stage,
  file: string,
  options: { readonly arguments?: readonly string[]; readonly node?: readonly string[] } = {},
): ChildProgram<To, From> {
  const child: ChildProcess = fork(new URL(`./programs/${file}`, import.meta.url), [...(options.arguments ?? [])], {
    execArgv: [...(file.endsWith('.ts') ? ['--import', 'tsx'] : []), ...(options.node ?? [])],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let printed = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  stage.later(stop);
  return {
    pid: child.pid ?? 0,
    printed: () => printed,
    say: (message) => child.send(message as object),
    next: (isWanted) =>
      new Promise((resolve, reject) => {
        const listen = (raw: unknown) => {
          const message = raw as From;
          if (!isWanted(message)) return;
          forget();
          resolve(message);
        };
        const fail = () => {
          forget();
          reject(new Error(`The program ${file} ended: ${printed}`));
        };
        const forget = () => {
          child.off('message', listen);
          child.off('exit', fail);
        };
        child.on('message', listen);
        child.once('exit', fail);
      }),
    onMessage: (listener) => child.on('message', (message) => listener(message as From)),
    stop,
  };
}
