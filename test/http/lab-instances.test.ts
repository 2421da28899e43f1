// One lab for a whole class: nothing of one instance meets another's, neither names nor addresses nor ports, on an engine of the test's own, as it
// comes. TERRARIUM_SWEEP makes it a class of thirty.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LabFile } from '../../src/schemas/lab.ts';
import { startApp } from '../support/app.ts';
import { inspectContainer } from '../support/engine.ts';
import { findLeft, labName, useLabs } from '../support/labs.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;
const size = process.env.TERRARIUM_SWEEP === undefined ? 3 : 30;

const file: LabFile = {
  containers: {
    web: { mode: 'open', command: ['httpd', '-f', '-p', '80'], ports: [80], ready: ['listens'] },
    mate: { mode: 'joined', target: 'web' },
    client: { mode: 'bridged', after: ['web'] },
  },
  checks: {
    listens: { container: 'web', listens: 80 },
    published: { container: 'web', published: 80 },
    shared: { container: 'mate', sharesNamespaceWith: 'web' },
    reaches: { container: 'client', reaches: { container: 'web', port: 80 } },
    'by-name': { container: 'client', exec: { command: ['wget', '-q', '-O', '-', 'http://web/missing'], exitCode: 1 } },
  },
};

/** Of each container that is on a network: that network's subnet, the container's address, its ports of the host. */
async function placesOf(
  names: readonly string[],
): Promise<{ addresses: string[]; ports: string[]; gateways: string[] }> {
  const places = { addresses: [] as string[], ports: [] as string[], gateways: [] as string[] };
  for (const name of names) {
    const { NetworkSettings: settings } = await inspectContainer(name);
    for (const one of Object.values(settings.Networks as Record<string, { IPAddress: string; Gateway: string }>)) {
      places.addresses.push(one.IPAddress);
      places.gateways.push(one.Gateway);
    }
    const bindings = Object.values(
      settings.Ports as Record<string, { HostIp: string; HostPort: string }[] | null>,
    ).flat();
    for (const one of bindings) if (one?.HostIp === '0.0.0.0') places.ports.push(one.HostPort);
  }
  return places;
}

const allDiffer = (values: readonly string[], what: string) =>
  assert.equal(new Set(values).size, values.length, `${what}: ${values.join(' ')}`);

test(`${size} instances of one lab`, { skip }, async (t) => {
  const app = await startApp({ after });
  const labs = useLabs(app, t);
  const name = labName();
  const { lab } = await labs.apply(name, file, `?instances=${size}`);
  assert.equal(lab.containers.length, 3 * size);
  const names = lab.containers.map((one) => one.name);
  allDiffer(names, 'names');
  const numbers = Array.from({ length: size }, (_, i) => i + 1);
  const webs = await placesOf(numbers.map((i) => `${name}-${i}-web`));
  const clients = await placesOf(numbers.map((i) => `${name}-${i}-client`));
  allDiffer([...webs.addresses, ...clients.addresses], 'addresses');
  allDiffer(webs.ports, 'ports of the host');
  allDiffer(webs.gateways, 'networks');
  assert.deepEqual([webs.addresses.length, webs.ports.length], [size, size]);
  assert.deepEqual(clients.gateways, webs.gateways, 'each client is on the network of its own instance');

  const { body: report } = await labs.call('post', `/labs/${name}/check?wait=60s`);
  assert.deepEqual([report.status, report.passed], ['pass', 5 * size], JSON.stringify(report.results?.slice(0, 3)));
  const one = await labs.call('post', `/labs/${name}/check?instance=${size}`);
  assert.deepEqual([one.body.status, one.body.passed], ['pass', 5]);
  assert.equal((await labs.apply(name, file, `?instances=${size}`)).changed, false);

  // One more or less touches no other.
  const fewer = await labs.apply(name, file, `?instances=${size - 1}`);
  assert.deepEqual(
    fewer.lab.containers.map(({ id }) => id).sort(),
    lab.containers
      .filter(({ key }) => !key?.startsWith(`${size}/`))
      .map(({ id }) => id)
      .sort(),
  );
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
  assert.deepEqual(await findLeft(name), []);
  await app.close();
});

test(`the same lab for ${size} people at once`, { skip }, async (t) => {
  const app = await startApp({ after });
  const labs = useLabs(app, t);
  const name = labName();
  const people = Array.from({ length: size }, (_, i) => `student-${i + 1}`);
  const applied = await Promise.all(people.map((who) => labs.apply(name, file, `?as=${who}`)));
  allDiffer(
    applied.flatMap(({ lab }) => lab.containers.map((one) => one.name)),
    'names',
  );
  const { addresses, ports } = await placesOf(people.map((who) => `${name}.${who}-web`));
  allDiffer(addresses, 'addresses');
  allDiffer(ports, 'ports of the host');
  const [first, ...others] = people;
  const { body } = await labs.call('post', `/labs/${name}/check?as=${first}&wait=60s`);
  assert.equal(body.status, 'pass', JSON.stringify(body));
  assert.equal((await labs.call('delete', `/labs/${name}?as=${first}`)).status, 200);
  for (const who of others) {
    const { body: lab } = await labs.call('get', `/labs/${name}?as=${who}`);
    assert.equal(lab.state, 'as_described', `${who} keeps theirs`);
  }
  await Promise.all(others.map((who) => labs.call('delete', `/labs/${name}?as=${who}`)));
  for (const who of people) assert.deepEqual(await findLeft(`${name}.${who}`), []);
  await app.close();
});
