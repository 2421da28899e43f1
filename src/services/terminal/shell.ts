// A command with a TTY of its own (`docker exec -it`). It is under guard before it starts, so that it never outlives its terminal.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachedStreams, Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import type { TerminalSize } from '../../schemas/terminal.ts';
import { killUntilClosed, readExit } from '../exec/command.ts';
import { makeMark, markVariable } from '../exec/guard-script.ts';
import type { Guards, Watch } from '../exec/guards.ts';
import { explainStartRefusal } from '../exec/start-refusal.ts';
import type { TerminalProcess } from './terminal-process.ts';

export interface ShellOptions {
  readonly engine: Engine;
  readonly container: { readonly id: string; readonly name: string };
  /** Without one, the first shell that the container has. */
  readonly command?: readonly string[] | undefined;
  readonly size: TerminalSize;
  readonly guards: Guards;
  readonly serverId: string;
}

/** Looked for in this order. */
const shells = ['/bin/sh', '/bin/bash', '/busybox/sh'] as const;

/** Milliseconds from one look to the next whether it has started. */
const startPollMs = 20;

/** Fails with `engine_refused` where there is no such program, or no shell at all; otherwise as an exec does, or as starting a guard does. */
export async function startShell({ command, ...options }: ShellOptions): Promise<TerminalProcess> {
  if (command !== undefined) return startCommand(command, options);
  for (const shell of shells) {
    try {
      return await startCommand([shell], options);
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'engine_refused' && error.field === 'command[0]')) throw error;
    }
  }
  throw new Failure('engine_refused', `There is no shell in container "${options.container.name}"`, {
    hint: `Looked for ${shells.join(', ')}. Name a program of its image with ?command=, or attach to its main process with ?attach=true`,
  });
}

async function startCommand(
  command: readonly string[],
  { engine, container, size, guards, serverId }: Omit<ShellOptions, 'command'>,
): Promise<TerminalProcess> {
  const mark = makeMark(serverId);
  const spec = { command, tty: true, stdin: true, size, env: [`${markVariable}=${mark}`] };
  const watch = guards.watch(engine, container.id, mark);
  let isAsked = false;
  let streams: AttachedStreams | undefined;
  try {
    const [exec] = await Promise.all([engine.createExec(container.id, spec), watch.arm()]);
    isAsked = true;
    streams = await engine.startExec(exec, spec);
    streams.stdin.on('error', () => {}); // it may end before it has read all: its exit code tells
    await awaitStart(engine, exec, streams, command, container.name);
    return toProcess(engine, exec, streams, watch);
  } catch (error) {
    // It may run all the same: the answer was lost.
    if (isAsked && !isRefusal(error))
      await (streams === undefined ? watch.kill().catch(() => {}) : letGo(streams, watch));
    streams?.destroy();
    watch.release();
    throw error;
  }
}

/** The engine hands over the connection before it knows whether the program can be started, and writes the reason where it cannot. */
async function awaitStart(
  engine: Engine,
  exec: string,
  streams: AttachedStreams,
  command: readonly string[],
  container: string,
): Promise<void> {
  let hasClosed = false;
  void streams.closed.then(() => {
    hasClosed = true;
  });
  for (;;) {
    const isLast = hasClosed;
    const { pid, running } = await engine.inspectExec(exec);
    if (pid !== 0) return;
    if (isLast && !running) throw explainStartRefusal(String(streams.stdout.read() ?? ''), command, container);
    if (isLast) throw new Failure('engine_unavailable', `The connection to the engine ${engine.name} was cut`);
    await sleep(startPollMs);
  }
}

function toProcess(engine: Engine, exec: string, streams: AttachedStreams, watch: Watch): TerminalProcess {
  let isOver = false;
  return {
    stdin: streams.stdin,
    output: streams.stdout,
    resize: (size) => engine.resizeExec(exec, size),
    async readExit() {
      const { exitCode } = await readExit(engine, exec, streams);
      isOver = true;
      return exitCode;
    },
    async leave() {
      if (!isOver) await letGo(streams, watch);
      streams.destroy();
      watch.release();
    },
  };
}

/** Kills it. Where that cannot be asked for, the guard has lost its connection too, and does it by itself. */
async function letGo(streams: AttachedStreams, watch: Watch): Promise<void> {
  streams.stdout.resume(); // who does not read would wait for its end in vain
  await killUntilClosed(watch, streams).catch(() => {});
}

function isRefusal(error: unknown): boolean {
  return error instanceof Failure && error.code === 'engine_refused';
}
