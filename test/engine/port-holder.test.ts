// What is in the way of what: every pair of host addresses on the real engine, and the text of the real `docker port`.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LivePort } from '../../src/domain/container/facts.ts';
import { renderDockerPort } from '../../src/domain/ports/docker-port.ts';
import { findPortHolders, findSelfConflict } from '../../src/domain/ports/holder.ts';
import { parsePortMappings, toDockerPorts } from '../../src/domain/ports/port-mapping.ts';
import { containerFacts } from '../support/container-facts.ts';
import {
  createTestContainer,
  docker,
  dockerApi,
  findFreePort,
  inspectContainer,
  runCommand,
} from '../support/engine.ts';

/** The live ports as the engine reports them. */
async function livePortsOf(id: string): Promise<LivePort[]> {
  const { NetworkSettings } = await inspectContainer(id);
  const ports = NetworkSettings.Ports as Record<string, { HostIp: string; HostPort: string }[] | null>;
  return Object.entries(ports).flatMap(([key, list]) =>
    (list ?? []).map(({ HostIp, HostPort }) => {
      const [containerPort, protocol] = key.split('/');
      return {
        containerPort: Number(containerPort),
        protocol: protocol as LivePort['protocol'],
        hostIp: HostIp,
        hostPort: Number(HostPort),
      };
    }),
  );
}

/** Makes a container with these mappings, not started. */
async function makePublished(t: TestContext, ...specs: string[]): Promise<string> {
  const { ExposedPorts, PortBindings } = toDockerPorts(parsePortMappings(specs));
  const { id } = await createTestContainer(t, { start: false, body: { ExposedPorts, HostConfig: { PortBindings } } });
  return id;
}

/** Starts it; answers whether a port was in the way. */
async function meetsTakenPort(id: string): Promise<boolean> {
  const { status, text } = await dockerApi('POST', `/containers/${id}/start`);
  if (status < 400) return false;
  assert.match(text, /already (in use|allocated)|all ports are allocated/);
  return true;
}

test('the engine agrees on which addresses exclude each other', { timeout: 60_000 }, async (t) => {
  const withoutIpv6 = (await runCommand('cat', ['/proc/sys/net/ipv6/conf/lo/disable_ipv6'])).stdout.trim() !== '0';
  const ipv4 = ['', '0.0.0.0', '127.0.0.1', '127.0.0.2'];
  const addresses = withoutIpv6 ? ipv4 : [...ipv4, '[::]', '[::1]', '[::ffff:127.0.0.1]'];
  const specOf = (address: string, port: number) => (address === '' ? `${port}:80` : `${address}:${port}:80`);
  for (const held of addresses) {
    // A port for each address that is wanted beside the held one, so that all can be tried at once.
    const wanted = await Promise.all(addresses.map(async (address) => ({ address, port: await findFreePort() })));
    const holderId = await makePublished(t, ...wanted.map(({ port }) => specOf(held, port)));
    assert.equal(await meetsTakenPort(holderId), false);
    const holder = containerFacts('holder', { ports: await livePortsOf(holderId) });
    await Promise.all(
      wanted.map(async ({ address, port }) => {
        const spec = specOf(address, port);
        const id = await makePublished(t, spec);
        const found = parsePortMappings([spec]).flatMap((binding) => findPortHolders(binding, [holder]).holders);
        assert.equal(found.length > 0, await meetsTakenPort(id), `${spec} beside ${specOf(held, port)}`);
        await dockerApi('POST', `/containers/${id}/kill`);
      }),
    );
    await dockerApi('POST', `/containers/${holderId}/kill`);
  }
});

test('a mapping in the way of another one of the same container', async (t) => {
  const port = await findFreePort();
  for (const [specs, conflict] of [
    [[`${port}:80`, `${port}:80`], true],
    [[`${port}:80`, `127.0.0.1:${port}:81`], true],
    [[`127.0.0.1:${port}:80`, `127.0.0.2:${port}:80`, `${port}:80/udp`], false],
  ] as const) {
    assert.equal(findSelfConflict(parsePortMappings(specs)) !== null, conflict);
    assert.equal(await meetsTakenPort(await makePublished(t, ...specs)), conflict, specs.join(' '));
  }
});

test('a held range is stepped over, and stands in the way only when all of it is held', async (t) => {
  // Below the range that dynamic ports, and those of other tests, are drawn from: two in a row have to be free.
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  const range = `127.0.0.1:${port}-${port + 1}:80`;
  const ids: string[] = [];
  for (const expected of [false, false, true]) {
    const id = await makePublished(t, range);
    const holders = await Promise.all(
      ids.map(async (held) => containerFacts(held, { ports: await livePortsOf(held) })),
    );
    const found = parsePortMappings([range]).flatMap((wanted) => findPortHolders(wanted, holders).holders);
    assert.deepEqual(
      found.map(({ container }) => container.name),
      ids,
    );
    assert.equal(await meetsTakenPort(id), expected);
    ids.push(id);
  }
});

test('the text is that of docker port', async (t) => {
  const id = await makePublished(
    t,
    '80',
    '80/udp',
    '443',
    '127.0.0.1::80',
    '127.0.0.2::80',
    '9-12',
    '127.0.0.1::443/udp',
  );
  assert.equal(await meetsTakenPort(id), false);
  const { stdout } = await docker('port', id);
  assert.equal(renderDockerPort(await livePortsOf(id)), stdout);
  assert.ok(stdout.split('\n').length > 9);
  await dockerApi('POST', `/containers/${id}/kill`);
  assert.equal(renderDockerPort(await livePortsOf(id)), (await docker('port', id)).stdout);
});
