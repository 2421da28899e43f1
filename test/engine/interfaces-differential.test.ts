// What we show of interfaces against what the real `ifconfig` and `ip` print in the same namespace: over topologies of many kinds, over random changes made
// by who may make them, and over what the engine itself changes while somebody looks. Seeds are printed where something differs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { startApp } from '../support/app.ts';
import { callDocker, createTestContainer, createTestNetwork } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { listHelpers, makeTarget, type Target } from '../support/observed.ts';
import { connectStream, type Frame } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } });
const isSweep = process.env.TERRARIUM_SWEEP === '1';

async function ask(target: { id: string }, query: string, accept: string) {
  const answer = await request(server.url)
    .get(`/api/v1/containers/${target.id}/ifconfig${query}`)
    .set({ ...server.headers, accept });
  assert.equal(answer.status, 200, answer.text);
  return answer;
}
const askText = async (target: { id: string }, query = '') => (await ask(target, query, 'text/plain')).text;
const askJson = async (target: { id: string }): Promise<Frame> => (await ask(target, '', 'application/json')).body;

/** Counters tick between two reads whatever one does: they are compared when the real program prints the same before and after. */
async function compareText(target: { id: string }, real: (line: string) => Promise<string>, what: string) {
  for (const [query, line] of [
    ['', 'ifconfig'],
    ['?all=true', 'ifconfig -a'],
  ] as const)
    await waitFor(
      async () => {
        const before = await real(line);
        const ours = await askText(target, query);
        if (before !== (await real(line))) return false;
        if (ours !== before) throw new Error(`${what}: ${line}\nours:\n${ours}\nreal:\n${before}`);
        return true;
      },
      { what: `${what}: ${line} to be the same`, intervalMs: 100 },
    );
}

/** `ip -o addr` of one family, read without any of our code: device, address, prefix. */
function readAddresses(text: string, family: 'inet' | 'inet6'): string[] {
  return [
    ...text.matchAll(new RegExp(`^\\d+: ([^\\s@]+)\\S*\\s+${family} (\\S+?)(?: peer \\S+?)?(/\\d+)? `, 'gm')),
  ].map(([, device, address, prefix = '']) => `${device} ${address}${prefix}`);
}

async function compareJson(target: { id: string }, real: (line: string) => Promise<string>, what: string) {
  const seen = await askJson(target);
  const ipv4 = readAddresses(await real('ip -o -4 addr'), 'inet');
  const ipv6 = readAddresses(await real('ip -o -6 addr'), 'inet6');
  const spell = (family: 'ipv4' | 'ipv6') =>
    seen.interfaces.flatMap((one: Frame) =>
      one[family].map(({ address, prefix }: Frame) => `${one.name} ${address}/${prefix}`),
    );
  assert.deepEqual(spell('ipv4').sort(), ipv4.sort(), what);
  assert.deepEqual(spell('ipv6').sort(), ipv6.sort(), what);
  const links = [...(await real('ip -o link')).matchAll(/^\d+: ([^\s@:]+)\S* <(\S+)> mtu (\d+)/gm)];
  assert.deepEqual(
    seen.interfaces.map(({ name, mtu, flags }: Frame) => `${name} ${mtu} ${flags.includes('UP')}`).sort(),
    links.map(([, name, flags, mtu]) => `${name} ${mtu} ${flags?.split(',').includes('UP')}`).sort(),
    what,
  );
  const routes = (await real('ip -4 route'))
    .trim()
    .split('\n')
    .filter((line) => line !== '').length;
  assert.equal(seen.routes.filter(({ destination }: Frame) => !destination.includes(':')).length, routes, what);
  const nameservers = (await real('cat /etc/resolv.conf')).match(/^nameserver .*$/gm) ?? [];
  assert.deepEqual(
    seen.dns.nameservers.map((one: string) => `nameserver ${one}`),
    nameservers,
    what,
  );
}

async function compare(target: Target, what: string): Promise<void> {
  await compareText(target, target.run, what);
  await compareJson(target, target.run, what);
}

/** Was it all derived, without a helper? */
async function assertDerived(target: Target, what: string): Promise<void> {
  assert.deepEqual(await listHelpers(target), [], `${what}: a helper had to look`);
}

const subnets = { next: 0 };
/** Networks of this run do not overlap with each other; 10.231 is nobody else's. */
function nextSubnet(prefix: number): string {
  subnets.next += 1;
  return `10.231.${subnets.next}.0/${prefix}`;
}

interface Plan {
  readonly prefix: number;
  readonly mtu: number | null;
  readonly internal: boolean;
  readonly ipv6: boolean;
  readonly mac: string | null;
  readonly ownAddress: boolean;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  prefix: fc.constantFrom(24, 25, 28, 29),
  mtu: fc.constantFrom(null, 68, 576, 1280, 1400, 1500, 9000),
  internal: fc.boolean(),
  ipv6: fc.boolean(),
  mac: fc.constantFrom(null, '02:42:0a:ff:00:01', '06:00:00:00:00:0F'),
  ownAddress: fc.boolean(),
});

async function makeNetwork({ prefix, mtu, internal, ipv6 }: Plan): Promise<{ name: string; subnet: string }> {
  const subnet = nextSubnet(prefix);
  const usesIpv6 = ipv6 && (mtu ?? 1500) >= 1280;
  const config = [{ Subnet: subnet }, ...(usesIpv6 ? [{ Subnet: `fd00:213:${subnets.next}::/64` }] : [])];
  const { name } = await createTestNetwork(
    { after },
    {
      body: {
        Internal: internal,
        EnableIPv6: usesIpv6,
        IPAM: { Config: config },
        Options: mtu === null ? {} : { 'com.docker.network.driver.mtu': String(mtu) },
      },
    },
  );
  return { name, subnet };
}

test('topologies that the engine makes are derived, and are what ifconfig prints', async () => {
  const runs = isSweep ? 40 : 3;
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 3 }), fc.boolean(), async (plans, isPaused) => {
      const networks = [];
      for (const one of plans) networks.push({ ...one, ...(await makeNetwork(one)) });
      const [first, ...rest] = networks;
      if (first === undefined) return;
      const address = first.subnet.replace(/\.0\/\d+$/, '.5');
      const target = await makeTarget({ after }, server, {
        body: {
          ...(first.mac !== null && { MacAddress: first.mac }),
          HostConfig: { NetworkMode: first.name },
          NetworkingConfig: {
            EndpointsConfig: { [first.name]: first.ownAddress ? { IPAMConfig: { IPv4Address: address } } : {} },
          },
        },
      });
      const what = JSON.stringify(plans);
      // While somebody watches, the engine connects it to the others, one after the other.
      await askText(target);
      for (const network of rest) {
        await callDocker('POST', `/networks/${network.name}/connect`, { Container: target.id });
        await compare(target, `${what} connected to ${network.name}`);
      }
      await compare(target, what);
      if (isPaused) {
        const [up, all] = [await target.run('ifconfig'), await target.run('ifconfig -a')];
        await callDocker('POST', `/containers/${target.id}/pause`);
        const seen = [await askText(target), await askText(target, '?all=true')];
        await callDocker('POST', `/containers/${target.id}/unpause`);
        const still = (text: string) => text.replaceAll(/(packets|bytes):\d+( \([^)]*\))?/g, '$1');
        assert.deepEqual(seen.map(still), [up, all].map(still), `${what} paused`);
      }
      for (const network of rest.slice(0, 1)) {
        await callDocker('POST', `/networks/${network.name}/disconnect`, { Container: target.id });
        await compare(target, `${what} disconnected from ${network.name}`);
      }
      await assertDerived(target, what);
      await callDocker('DELETE', `/containers/${target.id}?force=1&v=1`);
    }),
    { numRuns: runs, endOnFailure: true, includeErrorInReport: true },
  );
});

test('closed, on docker0, joined, stranded and without a shell: derived, and the same', async () => {
  const closed = await makeTarget({ after }, server, { body: { HostConfig: { NetworkMode: 'none' } } });
  await compare(closed, 'closed');
  await assertDerived(closed, 'closed');
  const bridged = await makeTarget({ after }, server);
  const joined = await makeTarget({ after }, server, {
    body: { HostConfig: { NetworkMode: `container:${bridged.id}` } },
  });
  await bridged.run('ping -c 2 -i 0.1 127.0.0.1; ping -c 1 $(ip route | sed -n "s/default via \\([^ ]*\\).*/\\1/p")');
  await compare(bridged, 'bridged');
  await compare(joined, 'joined');
  const { neighbours } = await askJson(joined);
  assert.equal(neighbours.length, 1);
  assert.equal(neighbours[0].state, 'COMPLETE');
  assert.match(await bridged.run('cat /proc/net/arp'), new RegExp(neighbours[0].mac, 'i'));
  await callDocker('POST', `/containers/${bridged.id}/restart?t=1`);
  for (const mirror of server.app.services.catalogue.mirrors)
    for (const { id } of [bridged, joined]) await mirror.refresh(id);
  await compare(joined, 'stranded');
  await compare(bridged, 'restarted');
  for (const one of [bridged, joined]) await assertDerived(one, one.name);
});

test('what the engine does not tell enough of is looked at by the real program', async () => {
  const linked = await createTestNetwork({ after }, { body: { IPAM: { Config: [{ Subnet: nextSubnet(24) }] } } });
  const odd = await makeTarget({ after }, server, {
    body: {
      HostConfig: { NetworkMode: linked.name },
      NetworkingConfig: { EndpointsConfig: { [linked.name]: { IPAMConfig: { LinkLocalIPs: ['169.254.7.7'] } } } },
    },
  });
  await compare(odd, 'a link-local address');
  assert.equal((await listHelpers(odd)).length, 1);
});

/** One change that a container with NET_ADMIN can make; the kernel may refuse it, which is fine. */
const change: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 250 }), fc.constantFrom(8, 16, 24, 30, 32))
    .map(([label, host, prefix]) => `ifconfig eth0:${label} 10.214.${label}.${host}/${prefix} up`),
  fc.integer({ min: 0, max: 9 }).map((label) => `ifconfig eth0:${label} down`),
  fc
    .tuple(fc.integer({ min: 1, max: 250 }), fc.constantFrom(8, 24, 31, 32), fc.constantFrom('', ' broadcast +'))
    .map(([host, prefix, broadcast]) => `ip addr add 10.215.0.${host}/${prefix}${broadcast} dev eth0`),
  fc.integer({ min: 1, max: 250 }).map((host) => `ip addr add 10.216.0.${host} peer 10.217.0.${host}/32 dev eth0`),
  fc.constantFrom(68, 576, 1280, 1400, 1500, 9000).map((mtu) => `ifconfig eth0 mtu ${mtu}`),
  fc.constantFrom('eth0', 'lo').map((device) => `ifconfig ${device} down`),
  fc.constantFrom('eth0', 'lo').map((device) => `ifconfig ${device} up`),
  fc
    .constantFrom('promisc', '-promisc', 'allmulti', '-allmulti', '-arp', 'arp', '-multicast', 'multicast')
    .map((flag) => `ifconfig eth0 ${flag}`),
  fc.integer({ min: 0, max: 5000 }).map((length) => `ifconfig eth0 txqueuelen ${length}`),
  fc.constantFrom('02:42:0a:00:00:99', '06:11:22:33:44:55').map((mac) => `ifconfig eth0 hw ether ${mac}`),
  fc.integer({ min: 1, max: 0xffff }).map((n) => `ip -6 addr add fd00:214::${n.toString(16)}/64 dev eth0 nodad`),
  fc.constant('ip addr flush dev eth0'),
  fc.integer({ min: 1, max: 9 }).map((n) => `ip link add averylongname${n} type dummy`),
  fc.integer({ min: 1, max: 9 }).map((n) => `ip link del averylongname${n}`),
  fc.integer({ min: 1, max: 250 }).map((n) => `ip route add 10.218.${n}.0/24 dev lo`),
);

test('random changes by who may make them are seen, byte for byte', async () => {
  const target = await makeTarget({ after }, server, {
    body: { HostConfig: { CapAdd: ['NET_ADMIN'], Sysctls: { 'net.ipv6.conf.all.disable_ipv6': '0' } } },
  });
  const runs = isSweep ? 60 : 3;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      for (const line of changes) await target.run(`${line} 2>/dev/null; true`);
      // An IPv6 address is tentative for a while, and not shown the same by all until then.
      await waitFor(async (see) => !/tentative/.test(see(await target.run('ip -6 addr'))), {
        what: 'addresses to settle',
      });
      await compare(target, changes.join('; '));
    }),
    { numRuns: runs, endOnFailure: true, includeErrorInReport: true },
  );
});

test('a watcher sees a change by who may make it, and what it left after it has gone', async () => {
  const target = await makeTarget({ after }, server);
  const url = `${server.url}/api/v1/containers/${target.id}/ifconfig?intervalMs=100&format=both&all=true`;
  const client = await connectStream({ after }, url, { headers: { ...server.headers } });
  await client.until('a snapshot', ({ data }) => data);
  await assertDerived(target, 'before');
  const guest = await createTestContainer(
    { after },
    { body: { HostConfig: { NetworkMode: `container:${target.id}`, CapAdd: ['NET_ADMIN'] } } },
  );
  const inGuest = (line: string) => callExec(guest.id, line);
  await inGuest('ifconfig eth0 mtu 1337');
  await client.until('the new MTU', () => client.data?.interfaces[0].mtu === 1337);
  await inGuest('ifconfig eth0:7 10.219.0.1');
  await client.until('the alias', () => client.text?.includes('eth0:7'));
  await callDocker('DELETE', `/containers/${guest.id}?force=1`);
  await compareText(target, target.run, 'after the guest has gone');
  await client.close();
});

test('what a privileged exec changed is seen', async () => {
  const target = await makeTarget({ after }, server);
  const url = `${server.url}/api/v1/containers/${target.id}/ifconfig?intervalMs=100`;
  const client = await connectStream({ after }, url, { headers: { ...server.headers } });
  await client.until('a snapshot', ({ data }) => data);
  await callExec(target.id, 'ifconfig eth0 mtu 1333', { Privileged: true });
  await client.until('the new MTU', () => client.data?.interfaces[0].mtu === 1333);
  await client.close();
  await compare(target, 'afterwards');
});

async function callExec(id: string, line: string, body: Record<string, unknown> = {}): Promise<void> {
  const { Id } = await callDocker('POST', `/containers/${id}/exec`, { Cmd: ['sh', '-c', line], ...body });
  await callDocker('POST', `/exec/${Id}/start`, { Detach: true });
}

test('the host: names are whole, and every device is there', async () => {
  const host = await makeTarget({ after }, server, { body: { HostConfig: { NetworkMode: 'host' } } });
  await makeTarget({ after }, server);
  const names = async () => (await host.run('ls /sys/class/net')).trim().split(/\s+/).sort();
  await waitFor(
    async (see) => {
      const before = await names();
      const { interfaces } = await askJson(host);
      const seen = interfaces.map(({ name }: Frame) => name).sort();
      // Other tests make and remove containers at the same time.
      return (
        see(JSON.stringify(before)) === JSON.stringify(await names()) &&
        see(JSON.stringify(seen)) === JSON.stringify(before)
      );
    },
    { what: 'the devices to be the same' },
  );
});
