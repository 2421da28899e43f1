// A server that is killed (SIGKILL) at any moment while clients do all that they do, and started again, many times: nothing that was acknowledged is lost, whoever
// retries with its key has one container, and ten seconds after the next start nothing half-made is left.
import { after, test } from 'node:test';
import { findFreePort } from '../support/engine.ts';
import { EngineTruth } from '../support/engine-truth.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { letTimePass } from '../support/wait-for.ts';
import { Workload } from '../support/workload.ts';

const isSweep = process.env.TERRARIUM_SWEEP === '1';
const kills = isSweep ? 40 : 2;

test(`killed at ${kills} moments`, { skip: whyNoPrivateEngine() }, async (t) => {
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest' });
  const truth = new EngineTruth(engine);
  const port = await findFreePort();
  const start = () => startServerProcess(t, { port, env: { DOCKER_HOST: engine.host, TERRARIUM_LOG_LEVEL: 'warn' } });
  let server: ServerProcess = await start();
  const random = seededRandom(seed);
  const workload = await Workload.begin(t, { host: server, truth, name: 'killed', random, isServerMortal: true });
  for (let kill = 1; kill <= kills; kill += 1) {
    await letTimePass(random() * 3_000, 'the server is killed at a random moment');
    await server.kill('SIGKILL');
    server = await start();
    await workload.watch();
  }
  await workload.stop();
  await server.kill('SIGKILL');
  server = await start();
  // Ten seconds after the start, and a moment for the look itself. Beside other test files only the end is judged, and a sweep judges the time.
  await workload.requireNothingHalfMade(isSweep ? 10_000 + 1_000 : 60_000);
  await workload.watch();
  const account = await workload.judge();
  await workload.leave();
  t.diagnostic(`seed ${seed}: ${kills} kills, ${JSON.stringify(account)}`);
  await server.kill('SIGTERM');
});
