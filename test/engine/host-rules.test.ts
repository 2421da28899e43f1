// Reading the host's rules on machines that are not this one: where programs are elsewhere, are missing, or share the kernel with those of the other
// variant. What cannot be read is unknown, with the reason, and is no failure.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import { createHostNetworks, type HostNetworks } from '../../src/services/host-network/host-networks.ts';
import { startApp } from '../support/app.ts';
import { inspectContainer, listContainerIds } from '../support/engine.ts';
import { withoutAlternatives, withoutSave } from '../support/machine-variants.ts';
import { hostPlace, must } from '../support/outside-client.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();
const start = (prepare: readonly string[]) => startPrivateEngine({ after }, { image: 'busybox:latest', prepare });
const elsewhere = skip === false ? await start(withoutAlternatives) : undefined;
const missing = skip === false ? await start(withoutSave) : undefined;

async function readHost(t: TestContext, engine: PrivateEngine): Promise<Awaited<ReturnType<HostNetworks['read']>>> {
  process.env.DOCKER_HOST = engine.host;
  const app = await startApp(t);
  const { mirrors } = app.app.services.catalogue;
  const [mirror] = mirrors;
  assert.ok(mirror);
  const hosts = createHostNetworks({ mirrors, policy: 'read', helperImage: 'busybox:latest', serverId: app.serverId });
  t.after(() => hosts.close());
  return hosts.read(mirror, []);
}

test('a host without /etc/alternatives, whose iptables is in /usr/local/sbin', { skip }, async (t) => {
  assert.ok(elsewhere);
  const { rules, links } = await readHost(t, elsewhere);
  assert.ok(rules.ipv4.known, rules.ipv4.known ? '' : rules.ipv4.reason);
  assert.ok(rules.ipv4.value.tables.get('filter')?.has('DOCKER-USER'));
  assert.ok(rules.ipv6.known);
  assert.ok(links.known && links.value.some(({ name }) => name === 'docker0'));
  // It has what it needs, and no more.
  const [id] = await listContainerIds('io.terrarium.role=rules');
  const { HostConfig: config, Mounts: mounts } = await inspectContainer(id ?? '');
  assert.deepEqual(config.CapAdd, ['NET_ADMIN']);
  assert.deepEqual(config.CapDrop, ['ALL']);
  assert.equal(config.Privileged, false);
  assert.equal(config.PidMode, '');
  assert.equal(config.ReadonlyRootfs, true);
  assert.ok(mounts.length > 0 && mounts.every(({ RW: isWritable }: { RW: boolean }) => !isWritable));
  assert.ok(mounts.every(({ Source: source }: { Source: string }) => source !== '/etc/alternatives'));
});

test('rules of the other variant beside: nobody knows what a packet meets first', { skip }, async (t) => {
  assert.ok(elsewhere);
  await must(hostPlace(elsewhere), 'iptables-legacy -A FORWARD -p tcp --dport 9 -j DROP');
  const { rules, settings } = await readHost(t, elsewhere);
  assert.ok(!rules.ipv4.known && /legacy/.test(rules.ipv4.reason), JSON.stringify(rules.ipv4));
  assert.ok(rules.ipv6.known && settings.known);
});

test('a host without iptables-save: unknown, and the rest is known', { skip }, async (t) => {
  assert.ok(missing);
  const { rules, links, settings, proxies, namespace } = await readHost(t, missing);
  assert.ok(!rules.ipv4.known && /no iptables-save/.test(rules.ipv4.reason), JSON.stringify(rules.ipv4));
  assert.ok(!rules.ipv6.known && /no ip6tables-save/.test(rules.ipv6.reason));
  assert.ok(links.known && settings.known && proxies.known && namespace.known);
});
