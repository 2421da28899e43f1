// Nothing of the server's is left on an engine, whoever dies, in whatever order: no process, no shell, no exec, no helper, no probe, and no socket
// of the server's. Each case has an engine of its own, so that whatever is there was left, and they run at the same time, since most of it is waiting.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from '../support/fast-check.ts';
import { differentialRun } from '../support/generated-strings.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { connectStream } from '../support/stream-client.ts';
import { awaitNothing, countSockets, findTraces, type Inventory, takeStock } from '../support/traces.ts';
import { awaitKnown, type VisitedContainers, visit } from '../support/visitors.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
/** Ten times in a row in the long run: it is most of what this costs. */
const rounds = isSweep ? 10 : 4;
/** What waits most has all its rounds there only. */
const [interruptions, revivals] = isSweep ? [rounds, rounds] : [3, 2];
/** Everything is to go so often, after some visits each time. */
const drains = isSweep ? rounds : 2;
/** Sockets that a server may have open of itself: its listener, its feed of events and some connections to the engine. */
const ownSockets = 12;

/** Beside other test files the engine itself takes its time: there the promises are held to four times as long. */
const patience = isSweep ? 1 : 4;
/** Milliseconds. */
const promise = {
  /** After its clients have left: observers and guards are kept for five seconds, in case somebody comes back. */
  left: 12_000 * patience,
  /** After SIGKILL of a server whose clients were all settled. */
  killed: 5_000 * patience,
  /** After that, because a guard looks for latecomers for three seconds. */
  guardsGone: 10_000 * patience,
  /** After the next start. */
  nextStart: 10_000 * patience,
} as const;

interface Stage {
  readonly engine: PrivateEngine;
  readonly containers: VisitedContainers;
  readonly before: Inventory;
}

async function setStage(args: string[] = []): Promise<Stage> {
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest', args });
  const run = async (...command: string[]) => {
    const { code, stdout, stderr } = await engine.docker(
      'run',
      '--detach',
      '--init',
      '--label',
      'io.terrarium.managed=true',
      ...command,
    );
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const containers = {
    plain: await run('busybox:latest', 'sh', '-c', 'echo up; httpd -f -p 80'),
    shell: await run('--interactive', '--tty', 'busybox:latest', 'sh'),
  };
  return { engine, containers, before: await takeStock(engine) };
}

const stages = skip === false ? await setStages() : undefined;

async function setStages() {
  const [leaving, killing, interrupting, preserving] = await Promise.all([
    setStage(),
    setStage(),
    setStage(),
    setStage(['--live-restore']),
  ]);
  return { leaving, killing, interrupting, preserving };
}

async function startServer({ engine, containers }: Stage): Promise<ServerProcess> {
  const server = await startServerProcess(
    { after },
    { env: { DOCKER_HOST: engine.host, TERRARIUM_OBSERVER: 'probe', TERRARIUM_LOG_LEVEL: 'warn' } },
  );
  await awaitKnown(server, containers);
  return server;
}

/** Ids of the probes, which run. */
async function listProbes({ engine }: Stage): Promise<string[]> {
  const { stdout } = await engine.docker('ps', '--quiet', '--no-trunc', '--filter', 'label=io.terrarium.role=probe');
  return stdout.split('\n').filter((id) => id !== '');
}

describe('nothing is left', { skip, concurrency: true }, () => {
  test('after clients leave, time after time, and after the probe is killed under them', async () => {
    const stage = stages?.leaving ?? assert.fail();
    const server = await startServer(stage);
    for (let drain = 1; drain <= drains; drain += 1) {
      for (let round = 1; round <= Math.ceil(rounds / drains); round += 1) {
        const guests = visit({ after }, server, stage.containers);
        await guests.settled();
        const traces = await findTraces(stage.engine, stage.before);
        for (const kind of ['container terrarium-guard-', 'container terrarium-probe-', 'exec ', 'process '])
          assert.ok(
            traces.some((trace) => trace.startsWith(kind)),
            `${kind}is to be seen while it is there`,
          );
        assert.ok((await countSockets(server.pid)) > ownSockets);
        const probes = await listProbes(stage);
        assert.equal(probes.length, 1);
        await stage.engine.docker('kill', ...probes);
        await waitFor(async (see) => see(await listProbes(stage)).some((id) => !probes.includes(id)), {
          what: 'another probe',
        });
        guests.leave((drain + round) % 2 === 0 ? 'politely' : 'rudely');
      }
      await awaitNothing(stage.engine, stage.before, { what: `drain ${drain}: clients left`, timeoutMs: promise.left });
      await waitFor(async (see) => see(await countSockets(server.pid)) <= ownSockets, {
        what: `drain ${drain}: at most ${ownSockets} sockets to be open`,
      });
    }
    await server.kill('SIGKILL');
  });

  test('after SIGKILL of the server, time after time: at once where all was under way', async () => {
    const stage = stages?.killing ?? assert.fail();
    let next = startServer(stage);
    for (let round = 1; round <= rounds; round += 1) {
      const server = await next;
      await visit({ after }, server, stage.containers).settled();
      await server.kill('SIGKILL');
      // Its sweeps need longer than what is awaited here.
      if (round < rounds) next = startServer(stage);
      const what = `round ${round}: the server was killed`;
      await awaitNothing(stage.engine, stage.before, { what, timeoutMs: promise.killed, except: /terrarium-guard-/ });
      await awaitNothing(stage.engine, stage.before, { what, timeoutMs: promise.guardsGone });
    }

    // Where nothing happens the probe looks by itself, and has a clock that it starts for that.
    const server = await startServer(stage);
    const path = `/api/v1/containers/${stage.containers.plain}/netstat?intervalMs=100`;
    const client = await connectStream({ after }, `${server.url}${path}`, { headers: server.headers });
    await client.until('a snapshot', ({ data }) => data);
    await waitFor(
      async (see) =>
        see(await findTraces(stage.engine, stage.before)).some((trace) => /probe.*: sh -c -- /.test(trace)),
      { what: 'the clock of the probe' },
    );
    await server.kill('SIGKILL');
    const what = 'the server was killed while its probe looked by itself';
    await awaitNothing(stage.engine, stage.before, { what, timeoutMs: promise.killed });
  });

  test('after SIGKILL of the server at any moment: ten seconds after the next start', async () => {
    const stage = stages?.interrupting ?? assert.fail();
    const { seed } = differentialRun(interruptions);
    const moments = fc.sample(fc.integer({ min: 0, max: 900 }), { numRuns: interruptions, seed });
    let next = startServer(stage);
    for (const [index, moment] of moments.entries()) {
      const round = index + 1;
      const server = await next;
      visit({ after }, server, stage.containers);
      await letTimePass(moment, 'the server is killed at a random moment');
      await server.kill('SIGKILL');
      next = startServer(stage);
      await next;
      await awaitNothing(stage.engine, stage.before, {
        what: `round ${round}, killed after ${moment} ms, seed ${seed}: the next server was started`,
        timeoutMs: promise.nextStart,
      });
    }
    await (await next).kill('SIGKILL');
  });

  test('after SIGKILL of the engine and the server where the engine lets containers live', async () => {
    const stage = stages?.preserving ?? assert.fail();
    for (let round = 1; round <= revivals; round += 1) {
      const server = await startServer(stage);
      const guests = visit({ after }, server, stage.containers);
      await guests.settled();
      await stage.engine.kill();
      await server.kill('SIGKILL');
      await stage.engine.restart();
      const next = await startServer(stage);
      await awaitNothing(stage.engine, stage.before, {
        what: `round ${round}: engine and server were started again`,
        timeoutMs: promise.nextStart,
      });
      await next.kill('SIGKILL');
    }
  });
});
