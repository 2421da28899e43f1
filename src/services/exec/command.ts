// One command, from its start to its end: fed, read, timed, and killed where it does not end in time. It knows no rights and no limits
// but the command's own.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachedStreams, Engine, ExecState } from '../../engine/engine.ts';
import { type ExecRequest, type ExecResult, execLimits } from '../../schemas/exec.ts';
import { Failure } from '../../schemas/failure.ts';
import { collectOutput } from './bounded-output.ts';
import { makeMark, markVariable } from './guard-script.ts';
import type { Guards, Watch } from './guards.ts';
import { explainStartRefusal } from './start-refusal.ts';

export interface CommandOptions {
  readonly engine: Engine;
  readonly container: { readonly id: string; readonly name: string };
  readonly request: ExecRequest;
  readonly guards: Guards;
  readonly serverId: string;
  /** Ends the command before its time; the reason is the failure to answer with. */
  readonly stop: AbortSignal;
}

/** Milliseconds. */
const timing = {
  /** From a kill to the end of the outputs, before it is killed again: the runtime may not have made it a process of the container yet. */
  dying: 1_000,
  /** From the end of the outputs to the end of the command. Docker 26 tells the exit first; others may not. */
  exit: 250,
  exitPoll: 25,
} as const;
const killAttempts = 3;

/**
 * Runs a command to its end. At its time-out, and when `stop` is aborted, its processes are killed. Fails with `stop`'s reason; with
 * `engine_unavailable` when the connection to the engine broke (what there is of its output may not be whole, and it is killed); with
 * `engine_refused` when it cannot be started.
 */
export async function runCommand({
  engine,
  container,
  request,
  guards,
  serverId,
  stop,
}: CommandOptions): Promise<ExecResult> {
  const { command, stdin, timeoutMs = execLimits.defaultTimeoutMs } = request;
  const mark = makeMark(serverId);
  const spec = { command, stdin: stdin !== undefined, env: [`${markVariable}=${mark}`] };
  const exec = await engine.createExec(container.id, spec, { signal: stop });
  const watch = guards.watch(engine, container.id, mark);
  let streams: AttachedStreams | undefined;
  let lastWill: Promise<void> | undefined;
  try {
    // Not cut by `stop`: the end of the outputs tells that a kill has worked.
    streams = await engine.startExec(exec, spec);
    const stdout = collectOutput(streams.stdout, execLimits.outputBytes);
    const stderr = collectOutput(streams.stderr, execLimits.outputBytes);
    feed(streams, stdin);
    const hasEnded = await endsInTime(streams, timeoutMs, stop);
    if (!hasEnded) await killUntilClosed(watch, streams);
    stop.throwIfAborted();
    const state = hasEnded ? await readExit(engine, exec, streams) : await engine.inspectExec(exec);
    if (!state.running && state.pid === 0) throw explainStartRefusal(stdout.text(), command, container.name);
    return {
      exitCode: state.running ? null : state.exitCode,
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.truncated || stderr.truncated,
      timedOut: !hasEnded,
    };
  } catch (error) {
    // Whether it runs is not known: nobody waits for the answer to this kill, since the engine may be away.
    if (isLost(error)) lastWill = watch.kill().catch(() => {});
    throw error;
  } finally {
    streams?.destroy();
    if (lastWill === undefined) watch.release();
    else void lastWill.then(() => watch.release());
  }
}

function feed(streams: AttachedStreams, stdin: string | undefined): void {
  streams.stdin.on('error', () => {}); // it may end before it has read all: its exit code tells
  if (stdin === undefined) return;
  streams.stdin.write(stdin);
  streams.endInput();
}

/** Waits until the outputs end, and answers whether they did before the time-out and before `stop`. */
async function endsInTime(streams: AttachedStreams, timeoutMs: number, stop: AbortSignal): Promise<boolean> {
  const timer = new AbortController();
  const bounds = AbortSignal.any([timer.signal, stop]);
  try {
    return await Promise.race([
      streams.closed.then(() => true),
      sleep(timeoutMs, false, { signal: bounds }).catch(() => false),
    ]);
  } finally {
    timer.abort();
  }
}

/** Kills the command until its outputs have ended. In a paused container it cannot end before that goes on: then it is left at that. */
export async function killUntilClosed(watch: Watch, streams: AttachedStreams): Promise<void> {
  for (let attempt = 0; attempt < killAttempts; attempt += 1) {
    await watch.kill();
    const isClosed = await Promise.race([streams.closed.then(() => true), sleep(timing.dying, false)]);
    if (isClosed) return;
  }
}

/** The state of a command whose outputs have ended. Where it still runs, they were cut. */
export async function readExit(engine: Engine, exec: string, streams: AttachedStreams): Promise<ExecState> {
  const { error } = await streams.closed;
  const deadline = performance.now() + timing.exit;
  for (;;) {
    const state = await engine.inspectExec(exec);
    if (error === undefined && !state.running) return state;
    if (error !== undefined || performance.now() > deadline) {
      throw new Failure(
        'engine_unavailable',
        `The connection to the engine ${engine.name} was cut while the command ran`,
        {
          hint: 'Its output would not be whole, so it was killed; what it did until then is done',
          retryAfter: 1,
          cause: error,
        },
      );
    }
    await sleep(timing.exitPoll);
  }
}

function isLost(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'engine_unavailable' || error.code === 'engine_timeout');
}
