// @lane quiet
// Times the verdict on a packet path after a change by the Docker CLI, or by root with iptables. `docs/packet-path.md` promises the right verdict after two
// seconds. `packet-path.test.ts` tests what the verdicts say, without a time.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import { startApp } from '../support/app.ts';
import { hostPlace, must, plugOutsideClient } from '../support/outside-client.ts';
import { expectCode } from '../support/packet-paths.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();
const image = 'busybox:latest';
/** Milliseconds from the end of a change to the first right verdict. */
const promiseMs = 2_000;

async function setStage() {
  const engine = await startPrivateEngine({ after }, { image });
  process.env.DOCKER_HOST = engine.host;
  const client = await plugOutsideClient({ after }, engine);
  return { engine, client, app: await startApp({ after }) };
}

const stage = skip === false ? await setStage() : undefined;

let ports = 8_000;

/** Publishes port 80 of a container in which nothing listens yet. The first verdict is not timed: it starts the helpers. */
async function publish(t: TestContext) {
  const { engine, client, app } = stage ?? assert.fail('there is no private engine');
  ports += 1;
  const name = `web${ports}`;
  const docker = async (...args: string[]) => {
    const { code, stderr } = await engine.docker(...args);
    assert.equal(code, 0, stderr);
  };
  t.after(() => docker('rm', '--force', name));
  await docker(
    ...['run', '--detach', '--init', '--name', name, '--label', 'io.terrarium.managed=true'],
    ...['--publish', `${ports}:80`, image, 'sleep', '3600'],
  );
  const query = { container: name, port: 80, from: client.address };
  await expectCode(app, query, 'nothing_listens');
  /** Makes a change, and asserts how soon the verdict has the code that it did not have before. */
  const time = async (what: string, change: () => Promise<unknown>, code: string) => {
    await change();
    const doneAt = performance.now();
    await expectCode(app, query, code);
    const tookMs = performance.now() - doneAt;
    t.diagnostic(`${what}: ${Math.round(tookMs)} ms`);
    assert.ok(tookMs <= promiseMs, `${what}: the verdict ${code} came after ${Math.round(tookMs)} ms`);
  };
  return { name, docker, time, host: hostPlace(engine) };
}

test('the verdict is right two seconds after the Docker CLI changed something', { skip }, async (t) => {
  const { name, docker, time } = await publish(t);
  await time('a listener starts', () => docker('exec', name, 'httpd', '-p', '80'), 'reaches');
  await time('the listener ends', () => docker('exec', name, 'killall', 'httpd'), 'nothing_listens');
  await time('the container stops', () => docker('stop', '--time', '0', name), 'target_not_running');
  await time('the container starts', () => docker('start', name), 'nothing_listens');
  await time('the network is taken away', () => docker('network', 'disconnect', 'bridge', name), 'not_on_network');
});

test('the verdict is right two seconds after root changed a rule with iptables', { skip }, async (t) => {
  const { name, docker, time, host } = await publish(t);
  const rule = 'DOCKER-USER -p tcp -m tcp --dport 80 -j DROP';
  await time('a listener starts', () => docker('exec', name, 'httpd', '-p', '80'), 'reaches');
  await time('a rule is added', () => must(host, `iptables -I ${rule}`), 'dropped_in_docker_user');
  await time('the rule is deleted', () => must(host, `iptables -D ${rule}`), 'reaches');
});
