// Reads one container's log from the engine: once, or on and on over its restarts until it is gone. It hands out what arrives as it
// arrives and keeps nothing, so a slow reader slows the engine down, not the server.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { toNanoseconds } from '../../domain/container/instant.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import type { AttachedLogs } from '../../engine/engine.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { LogLines, type LogRecord } from './log-lines.ts';

type OutputName = 'stdout' | 'stderr';

/** Lines of one output that arrived together. */
export interface LogBatch {
  readonly stream: OutputName;
  readonly records: readonly LogRecord[];
}

export interface LogReadingOptions {
  readonly mirror: EngineMirror;
  readonly facts: ContainerFacts;
  readonly tail: number | 'all';
  readonly follow: boolean;
  /** Ends the reading without an error. */
  readonly signal: AbortSignal;
}

/** Before a log that ended though its container runs on is asked for again, in milliseconds. */
const resumeDelayMs = 500;

/** Opens a log; what the engine refuses is refused before anything was read. The reading fails as the engine does. */
export async function openLog(options: LogReadingOptions): Promise<AsyncIterable<LogBatch>> {
  const { mirror, facts, tail, follow, signal } = options;
  const query = { tail, follow, timestamps: true, tty: facts.tty };
  const first = await mirror.engine.logs(facts.id, query, { signal });
  return follow ? followLog(options, first) : readRun(first, () => {});
}

/**
 * What one call of the engine brings. `onTime` is told the time of each line that has one. Of a log that was given up (`isLost`) a line that has begun is
 * left out: it is read again.
 */
async function* readRun(
  logs: AttachedLogs,
  onTime: (time: string) => void,
  isLost: () => boolean = () => false,
): AsyncGenerator<LogBatch> {
  const lines = { stdout: new LogLines(), stderr: new LogLines() };
  const tell = (records: readonly LogRecord[]) => {
    const time = records.findLast(({ at }) => at !== undefined)?.at;
    if (time !== undefined) onTime(time);
  };
  try {
    for await (const { stream, bytes } of logs) {
      const records = lines[stream].push(bytes);
      tell(records);
      if (records.length > 0) yield { stream, records };
    }
    if (isLost()) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      const records = lines[stream].end();
      tell(records);
      if (records.length > 0) yield { stream, records };
    }
  } finally {
    logs.destroy();
  }
}

/** The engine's own `follow` ends with the run of the container; this goes on with the next run, and ends when the container is gone. */
async function* followLog(
  { mirror, facts, tail, signal }: LogReadingOptions,
  first: AttachedLogs,
): AsyncGenerator<LogBatch> {
  let run = facts;
  let last: bigint | undefined;
  /** From where on the run at hand is read, if it was ever said. */
  let begin: bigint | undefined;
  const note = (time: string) => {
    const at = toNanoseconds(time);
    if (last === undefined || at > last) last = at;
  };
  const unread = () => (last === undefined ? begin : last + 1n);
  const reopen = async (follow: boolean, since: bigint) => {
    try {
      const query = { tail: 'all', follow, timestamps: true, tty: run.tty, since } as const;
      return await mirror.engine.logs(run.id, query, { signal });
    } catch (error) {
      if (signal.aborted || isGoing(await mirror.refresh(run.id))) return undefined;
      throw error;
    }
  };
  let reading = first;
  let isLost = false;
  // An engine that was away is back: its line may have been lost without a word, and then nothing more comes by it. Of a log that was to begin with what
  // comes, and of which nothing came, nobody knows where to take it up.
  const stopListening = mirror.onStatus(({ state }) => {
    if (state !== 'live' || (last === undefined && tail === 0)) return;
    isLost = true;
    reading.destroy();
  });
  try {
    for (let logs: AttachedLogs | undefined = first; logs !== undefined; ) {
      reading = logs;
      isLost = false;
      yield* readRun(logs, note, () => isLost);
      // The engine may end the following of a short run before it has stored what the run said. Once it tells of the end, all is stored.
      const rest = unread();
      if (rest !== undefined && !signal.aborted && (await isOver(mirror, run))) {
        const stored = await reopen(false, rest);
        if (stored === undefined) return;
        yield* readRun(stored, note);
      }
      const next = await waitForRun(mirror, run, signal);
      if (next === undefined) return;
      run = next.run;
      // What was not shown yet: the lines after the last one, or after the end of a run that had none to show.
      begin = unread() ?? next.since;
      logs = await reopen(true, begin);
    }
  } finally {
    stopListening();
  }
}

/** Whether that very run has ended, which its log may tell a moment before the engine does. */
async function isOver(mirror: EngineMirror, run: ContainerFacts): Promise<boolean> {
  const goesOn = (now: ContainerFacts | undefined) =>
    now !== undefined && now.startedAt === run.startedAt && isAlive(now);
  if (goesOn(await mirror.refresh(run.id))) await sleep(resumeDelayMs);
  const now = await mirror.refresh(run.id);
  return !isGoing(now) && !goesOn(now);
}

/** The engine shows no log of what it removes. */
function isGoing(facts: ContainerFacts | undefined): boolean {
  return facts === undefined || facts.state === 'removing' || facts.state === 'dead';
}

/** The next run of a container, which may be over already. */
interface NextRun {
  readonly run: ContainerFacts;
  /** What it says is no older: nanoseconds by the engine's clock. What the one before said can be, and yet younger than its own end. */
  readonly since: bigint;
}

/** Waits until the container has run again, or knows that it still does; undefined when it is gone or nobody reads any more. */
async function waitForRun(
  mirror: EngineMirror,
  before: ContainerFacts,
  signal: AbortSignal,
): Promise<NextRun | undefined> {
  const { id, startedAt } = before;
  let settle: (run: ContainerFacts | undefined) => void = () => {};
  const decided = new Promise<ContainerFacts | undefined>((resolve) => {
    settle = resolve;
  });
  const leave = () => settle(undefined);
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  // Before it is read, to miss nothing. A short run may never be seen alive: its start tells.
  const stopListening = mirror.onContainer((change) => {
    if (change.id !== id) return;
    if (change.after === null) settle(undefined);
    else if (change.after.startedAt !== startedAt) settle(change.after);
  });
  try {
    const now = await mirror.refresh(id);
    if (now === undefined) return undefined;
    const hasNotRun = now.startedAt === startedAt;
    // The same run goes on: its log was cut, not ended.
    if (hasNotRun && isAlive(now)) await Promise.race([sleep(resumeDelayMs), decided]);
    const run = hasNotRun && !isAlive(now) ? await decided : now;
    if (run === undefined || signal.aborted) return undefined;
    // While a run lasts the engine still tells when the one before it ended.
    const toldBy = hasNotRun || isAlive(now) ? now : isAlive(before) ? null : before;
    const end = toldBy?.finishedAt ?? null;
    return { run, since: laterOf(beginOf(run), end === null ? 0n : toNanoseconds(end)) };
  } finally {
    stopListening();
    signal.removeEventListener('abort', leave);
  }
}

/** The first line of a run can bear a time just before the engine's own for its start. */
function beginOf({ startedAt }: ContainerFacts): bigint {
  return startedAt === null ? 0n : toNanoseconds(startedAt) - 100_000_000n;
}

function laterOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
