// An engine that goes away while clients do all that they do, and comes back: one engine, one server, and one outage after the other.
import type { TestContext } from 'node:test';
import { startApp } from './app.ts';
import type { Cleanup } from './engine.ts';
import { EngineTruth, Pinger } from './engine-truth.ts';
import { playOutage } from './outage.ts';
import { type PrivateEngine, startPrivateEngine } from './private-engine.ts';
import { seed, seededRandom } from './seeded.ts';
import { letTimePass } from './wait-for.ts';
import { Workload } from './workload.ts';

/** How it goes away, and comes back. */
export interface EngineOutage {
  begin(engine: PrivateEngine): unknown;
  end(engine: PrivateEngine): unknown;
  /** At least so long, in milliseconds. */
  readonly lastsMs?: number;
}

/** An end of dockerd: `kill` is SIGKILL, so that it can do nothing more; `shutDown` SIGTERM. As often as a sweep wants. */
export function endsOf(how: 'kill' | 'shutDown'): EngineOutage[] {
  const once: EngineOutage = { begin: (engine) => engine[how](), end: (engine) => engine.restart() };
  return Array.from({ length: process.env.TERRARIUM_SWEEP === '1' ? 12 : 1 }, () => once);
}

/** Plays them and judges each: see workload.ts and outage.ts. The engine goes with the file; `args` are dockerd's. */
export async function playEngineOutages(
  t: TestContext,
  file: Cleanup,
  outages: readonly EngineOutage[],
  { args = [] }: { readonly args?: readonly string[] } = {},
): Promise<void> {
  const engine = await startPrivateEngine(file, { image: 'busybox:latest', args: [...args] });
  const host = await startApp(t, { env: { DOCKER_HOST: engine.host } });
  const truth = new EngineTruth(engine);
  for (const [round, { begin, end, lastsMs = 0 }] of outages.entries()) {
    const random = seededRandom(seed + round);
    const workload = await Workload.begin(t, { host, truth, name: `outage-${round}`, random });
    const pinger = new Pinger(t, { socketPath: engine.socket });
    await letTimePass(1_000 + random() * 3_000, 'the engine goes away at a random moment of the work');
    const times = await playOutage({
      workload,
      truth,
      pinger,
      begin: () => begin(engine),
      end: () => end(engine),
      lastsMs,
    });
    await letTimePass(1_000, 'the clients work on after the engine is back');
    await workload.stop();
    await pinger.stop();
    const account = await workload.judge();
    await workload.leave();
    t.diagnostic(`seed ${seed}: ${JSON.stringify({ ...times, ...account })}`);
  }
}
