// The same settings on both sides: as a daemon.json of one engine, where they shape docker0, and as a network of another. What is shown, and what a
// container has there, is to be the same; where it is not, the difference is said here and in docs/networks.md.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Network } from '../../src/schemas/network.ts';
import { type Api, useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();

const settings = [
  {
    bip: '192.168.1.5/24',
    'fixed-cidr': '192.168.1.5/25',
    mtu: 1400,
    'default-gateway': '192.168.1.200',
    dns: ['10.20.1.2'],
  },
  { 'fixed-cidr': '10.33.4.128/26', 'ip-masq': false, icc: false },
  {
    ...{ bip: '10.33.0.1/16', 'fixed-cidr': '10.33.7.0/24', ipv6: true },
    ...{ 'fixed-cidr-v6': 'fd00:33::/96', 'default-gateway-v6': 'fd00:33::9' },
  },
];

async function serve(t: TestContext, host: PrivateEngine): Promise<Api> {
  return useApi(await startApp(t, { env: { DOCKER_HOST: host.host } }), t);
}

/** What a container on the network has: addresses, routes, MTU; its name servers as it was given them. */
async function look(host: PrivateEngine, network: string, dns: readonly string[] = []) {
  const script =
    'ip -o address show eth0 scope global; ip route; ip -6 route | grep default; cat /sys/class/net/eth0/mtu';
  const given = dns.flatMap((server) => ['--dns', server]);
  const name = 'looker';
  const ran = await host.docker('run', '--name', name, '--network', network, ...given, 'busybox', 'sh', '-c', script);
  const { stdout } = await host.docker('logs', name);
  await host.docker('rm', name);
  assert.ok(stdout !== '', ran.stderr);
  return stdout
    .replaceAll(/^\d+: /gm, '')
    .split('\n')
    .map((line) => line.trim());
}

const shapes = [
  ...(['bip', 'fixed-cidr', 'ipv6', 'fixed-cidr-v6', 'mtu', 'default-gateway', 'default-gateway-v6'] as const),
  ...(['icc', 'ip-masq', 'internal', 'subnets'] as const),
];
const shapeOf = (network: Network) => Object.fromEntries(shapes.map((field) => [field, network[field]]));

/** The same as arguments of dockerd, which have the names of daemon.json. */
const argumentsOf = (wanted: object) =>
  Object.entries(wanted).flatMap(([name, value]) => [value].flat().map((one) => `--${name}=${one}`));

test('docker0 of a daemon.json, and a network of the same settings, are alike', { skip }, async (t) => {
  const ours = await startPrivateEngine(t, { image: 'busybox:latest' });
  const api = await serve(t, ours);
  for (const wanted of settings) {
    const { dns, ...shaping } = { dns: undefined, ...wanted };
    const theirs = await startPrivateEngine(t, { image: 'busybox:latest', args: argumentsOf(wanted) });
    const docker0: Network = (await (await serve(t, theirs)).get('/networks/bridge')).body;
    const made = await api.post('/networks', { name: 'alike', ...wanted });
    const text = JSON.stringify(wanted);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual(shapeOf(made.body), shapeOf(docker0), text);
    assert.deepEqual(await look(ours, 'alike', dns), await look(theirs, 'bridge'), text);
    for (const [field, value] of Object.entries(shaping)) {
      if (field !== 'fixed-cidr') assert.deepEqual(docker0[field as keyof Network], value, text);
    }
    assert.equal((await api.delete('/networks/alike')).status, 204);
    await theirs.stop();
  }
});

test('of a wide IPv6 subnet docker0 gives addresses that are made of MAC addresses, and a network does not', {
  skip,
}, async (t) => {
  const wanted = { bip: '10.34.0.1/24', ipv6: true, 'fixed-cidr-v6': 'fd00:34::/80' };
  const theirs = await startPrivateEngine(t, { image: 'busybox:latest', args: argumentsOf(wanted) });
  const ours = await startPrivateEngine(t, { image: 'busybox:latest' });
  assert.equal((await (await serve(t, ours)).post('/networks', { name: 'alike', ...wanted })).status, 201);
  assert.match((await look(theirs, 'bridge')).join('\n'), /inet6 fd00:34::242:a22:2\/80/);
  assert.match((await look(ours, 'alike')).join('\n'), /inet6 fd00:34::2\/80/);
});
