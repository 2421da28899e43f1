// Ends the helpers, guards and probes that run and have no server any more. They end with their stdin, with one exception: an engine with
// live-restore that is killed lets its containers live, with nobody attached to them. A server that lives makes each of them say something every four
// seconds at least, so whoever says nothing for a while after the engine is (back) there is nobody's.
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { isHelper } from '../../domain/container/managed.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { removeHelper } from './helper.ts';

/** Milliseconds: how long one is listened to (a server that stalls is not dead, and all has to be gone after ten seconds), and how long a guard may take to kill what it guards. */
const timing = { silence: 7_000, lastKill: 10_000 } as const;
/** As many are listened to at a time. */
const listenLimit = 32;

export interface OrphanSweepOptions {
  readonly mirror: EngineMirror;
  readonly log: { warn(details: object, message: string): void };
}

/** Sweeps whenever the engine is there anew, until the answer is called. */
export function sweepOrphans({ mirror, log }: OrphanSweepOptions): () => void {
  const { engine } = mirror;
  const limit = pLimit(listenLimit);
  const ending = new AbortController();

  async function isSilent(id: string): Promise<boolean> {
    const streams = await engine.attach(id, { tty: false, stdin: false });
    try {
      const heard = new Promise<boolean>((resolve) => streams.stdout.once('data', () => resolve(false)));
      streams.stderr.resume();
      const ended = streams.closed.then(() => false);
      return await Promise.race([heard, ended, sleep(timing.silence, true, { signal: ending.signal, ref: false })]);
    } finally {
      streams.destroy();
    }
  }

  /** A guard kills what it guards when it is told so. It cannot be told by the end of its stdin: the engine forgot that it was to end once. */
  async function dismiss(id: string): Promise<void> {
    const streams = await engine.attach(id, { tty: false });
    streams.stdin.on('error', () => {});
    streams.stdout.resume();
    streams.stderr.resume();
    streams.stdin.write('end\n');
    await Promise.race([streams.closed, sleep(timing.lastKill, undefined, { ref: false })]);
    streams.destroy();
  }

  async function judge({ id, name, pidMode }: ContainerFacts): Promise<void> {
    try {
      if (!(await isSilent(id))) return;
      log.warn({ engine: engine.name, container: name }, 'ending what has no server any more');
      if (pidMode.startsWith('container:')) await dismiss(id);
      await removeHelper(engine, id);
    } catch {
      // It ended meanwhile, the engine went away again, or we did.
    }
  }

  let wasLive = false;
  function look(): void {
    const isLive = mirror.status().state === 'live';
    if (isLive && !wasLive)
      for (const facts of mirror.containers()) if (isHelper(facts) && isAlive(facts)) void limit(() => judge(facts));
    wasLive = isLive;
  }

  const unlisten = mirror.onStatus(look);
  look();
  return () => {
    unlisten();
    ending.abort();
  };
}
