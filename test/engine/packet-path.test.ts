// The path of a packet, for each fault that can be made: what the verdict says, where the packet stops, what a real connection finds, and which counters
// move by how much. On engines of the test's own, one with each variant of iptables; the client is beyond their host.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import type { HopKind, Path } from '../../src/schemas/packet-path.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { legacyIptables } from '../support/machine-variants.ts';
import {
  askUdp,
  connectFrom,
  containerPlace,
  echoUdp,
  hostPlace,
  must,
  type OutsideClient,
  plugOutsideClient,
  type RealResult,
} from '../support/outside-client.ts';
import { expectCode, readPacketPath, readPath, rulesOf, spellHop, stopOf } from '../support/packet-paths.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { createScratchImage } from '../support/scratch-image.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const image = 'busybox:latest';

interface Stage {
  readonly engine: PrivateEngine;
  readonly client: OutsideClient;
  readonly app: RunningApp;
}

async function setStage(prepare: readonly string[]): Promise<Stage> {
  const engine = await startPrivateEngine({ after }, { image, prepare });
  process.env.DOCKER_HOST = engine.host;
  const client = await plugOutsideClient({ after }, engine);
  return { engine, client, app: await startApp({ after }) };
}

const nft = skip === false ? await setStage([]) : undefined;
const legacy = skip === false ? await setStage(legacyIptables) : undefined;

let ports = 8_000;

interface Target {
  readonly name: string;
  /** On the host. */
  readonly port: number;
}

/** A container whose port 80 is published; without a command it listens there. */
async function publish(
  t: TestContext,
  { engine }: Stage,
  { command = 'httpd -f -p 80', args = [], at = '' }: { command?: string; args?: string[]; at?: string } = {},
): Promise<Target> {
  ports += 1;
  const name = `web${ports}`;
  t.after(async () => {
    await engine.docker('rm', '--force', name);
  });
  const publication = ['--publish', `${at}${ports}:80`];
  const { code, stderr } = await engine.docker(
    ...['run', '--detach', '--init', '--name', name, '--label', 'io.terrarium.managed=true'],
    ...[...publication, ...args, image, ...command.split(' ')],
  );
  assert.equal(code, 0, stderr);
  return { name, port: ports };
}

async function expectStop(
  { app, client }: Stage,
  { name, port }: Target,
  expected: { code: string; hop: HopKind; real: RealResult },
): Promise<Path> {
  const path = await expectCode(app, { container: name, port: 80, from: client.address }, expected.code);
  assert.equal(path.verdict.reaches, false);
  assert.equal(stopOf(path)?.kind, expected.hop, path.hops.map(spellHop).join('\n'));
  const real = await connectFrom(client.place, { address: client.host, port, seconds: 2 });
  assert.equal(real, expected.real);
  assert.equal(path.verdict.seenAs, expected.real);
  return path;
}

async function expectWay({ app, client }: Stage, { name, port }: Target): Promise<Path> {
  const path = await expectCode(app, { container: name, port: 80, from: client.address }, 'reaches');
  assert.equal(path.verdict.reaches, true);
  assert.equal(stopOf(path), undefined);
  assert.equal(await connectFrom(client.place, { address: client.host, port }), 'open');
  return path;
}

for (const [variant, stage] of [
  ['nft', nft],
  ['legacy', legacy],
] as const) {
  const on = (what: string, play: (t: TestContext, stage: Stage) => Promise<void>) =>
    test(`${variant}: ${what}`, { skip }, (t) => play(t, stage ?? assert.fail()));

  on('the way in, and counters that move by what was sent', async (t, stage) => {
    const { app, client, engine } = stage;
    const target = await publish(t, stage);
    const before = await expectWay(stage, target);
    assert.equal(before.carriedBy, 'dnat');
    for (const kind of [
      'client',
      'host-address',
      'dnat',
      'docker-user',
      'forward',
      'bridge',
      'veth',
      'socket',
    ] as const)
      assert.ok(
        before.hops.some((hop) => hop.kind === kind && hop.status === 'pass'),
        `${kind} in\n${before.hops.map(spellHop).join('\n')}`,
      );
    const connections = 3;
    const read = () => readPath(app, { container: target.name, port: 80, from: client.address });
    const start = await read();
    for (let i = 0; i < connections; i += 1)
      assert.equal(await connectFrom(client.place, { address: client.host, port: target.port }), 'open');
    const end = await read();
    const moved = (table: string, chain: string, part: string) => {
      const count = (path: Path) => rulesOf(path, table, chain).find(({ text }) => text.includes(part))?.packets;
      return (count(end) ?? Number.NaN) - (count(start) ?? Number.NaN);
    };
    // nat rules count connections. In filter, DOCKER is met by the first packet of each: the others are ESTABLISHED before.
    assert.equal(moved('nat', 'DOCKER', `--dport ${target.port}`), connections);
    assert.equal(moved('filter', 'DOCKER', '--dport 80'), connections);
    const filtered = moved('filter', 'FORWARD', '-j DOCKER-USER');
    assert.ok(filtered > connections, `${filtered} packets for ${connections} connections`);
    const cable = (path: Path) => path.hops.find(({ kind }) => kind === 'veth')?.counters?.tx.packets ?? 0;
    assert.ok(cable(end) - cable(start) >= connections, 'the cable counts too');
    // The kernel itself is asked what the rules say.
    const listed = await must(
      hostPlace(engine),
      `${variant === 'nft' ? 'iptables-nft' : 'iptables-legacy'}-save -c -t nat`,
    );
    const dnat = rulesOf(end, 'nat', 'DOCKER').find(({ text }) => text.includes(`--dport ${target.port}`));
    assert.ok(listed.includes(`[${dnat?.packets}:${dnat?.bytes}] ${dnat?.text}`), listed);
  });

  on('a rule of DOCKER-USER stops it, and counts each try', async (t, stage) => {
    const { app, client, engine } = stage;
    const target = await publish(t, stage);
    await expectWay(stage, target);
    const rule = 'DOCKER-USER -p tcp -m tcp --dport 80 -j DROP';
    const iptables = variant === 'nft' ? 'iptables-nft' : 'iptables-legacy';
    await must(hostPlace(engine), `${iptables} -I ${rule}`);
    const before = await expectStop(stage, target, {
      code: 'dropped_in_docker_user',
      hop: 'docker-user',
      real: 'timeout',
    });
    const count = (path: Path) => rulesOf(path, 'filter', 'DOCKER-USER').find(({ text }) => text.endsWith('DROP'));
    assert.equal(count(before)?.index, 1);
    const query = { container: target.name, port: 80, from: client.address };
    const start = count(await readPath(app, query));
    const tries = 3;
    for (let i = 0; i < tries; i += 1)
      await connectFrom(client.place, { address: client.host, port: target.port, seconds: 0.4 });
    const end = count(await readPath(app, query));
    // More where the machine is so slow that a try is made again.
    assert.ok((end?.packets ?? 0) - (start?.packets ?? 0) >= tries, `${start?.packets} and ${end?.packets} packets`);
    const listed = await must(hostPlace(engine), `${iptables}-save -c -t filter`);
    assert.ok(listed.includes(`[${end?.packets}:${end?.bytes}] ${end?.text}`), listed);
    await must(hostPlace(engine), `${iptables} -D ${rule}`);
    await expectWay(stage, target);
  });
}

const withNft = (what: string, play: (t: TestContext, stage: Stage) => Promise<void>) =>
  test(what, { skip }, (t) => play(t, nft ?? assert.fail()));

withNft('nothing listens, then something does', async (t, stage) => {
  const target = await publish(t, stage, { command: 'sleep 3600' });
  await expectStop(stage, target, { code: 'nothing_listens', hop: 'socket', real: 'refused' });
  await stage.engine.docker('exec', target.name, 'httpd', '-p', '80');
  await expectWay(stage, target);
});

withNft('it listens on another port', async (t, stage) => {
  const target = await publish(t, stage, { command: 'httpd -f -p 2222' });
  await expectStop(stage, target, { code: 'nothing_listens', hop: 'socket', real: 'refused' });
  // The verdict holds before the program listens at all; its sentence names the other port from then on.
  const query = { container: target.name, port: 80, from: stage.client.address };
  const codes = new Set<string>();
  await waitFor(
    async (see) => {
      const { verdict } = await readPath(stage.app, query);
      codes.add(verdict.code);
      return see(verdict.sentence).includes('2222');
    },
    { what: 'the sentence to name the port 2222' },
  );
  assert.deepEqual([...codes], ['nothing_listens']);
});

withNft('it listens on loopback only', async (t, stage) => {
  const target = await publish(t, stage, { command: 'httpd -f -p 127.0.0.1:80' });
  await expectStop(stage, target, { code: 'listens_on_loopback_only', hop: 'socket', real: 'refused' });
});

withNft('the container stops, and starts again', async (t, stage) => {
  const { app, client, engine } = stage;
  const target = await publish(t, stage);
  await expectWay(stage, target);
  await engine.docker('stop', target.name);
  const path = await expectCode(app, { container: target.name, port: 80, from: client.address }, 'target_not_running');
  assert.equal(path.verdict.reaches, false);
  assert.equal(await connectFrom(client.place, { address: client.host, port: target.port }), 'refused');
  await engine.docker('start', target.name);
  await expectWay(stage, target);
});

withNft('its network is taken away, and comes back', async (t, stage) => {
  const { app, client, engine } = stage;
  await engine.docker('network', 'create', 'other');
  const target = await publish(t, stage, { args: ['--network', 'other'] });
  t.after(async () => {
    await engine.docker('network', 'rm', 'other');
  });
  await expectWay(stage, target);
  await engine.docker('network', 'disconnect', 'other', target.name);
  const path = await expectCode(app, { container: target.name, port: 80, from: client.address }, 'not_on_network');
  assert.equal(path.verdict.reaches, false);
  assert.notEqual(await connectFrom(client.place, { address: client.host, port: target.port }), 'open');
  await engine.docker('network', 'connect', 'other', target.name);
  await expectWay(stage, target);
});

withNft('the rule that lets it in is deleted', async (t, stage) => {
  const { engine } = stage;
  const target = await publish(t, stage);
  const host = hostPlace(engine);
  const rule = (await must(host, 'iptables -t filter -S DOCKER'))
    .split('\n')
    .find((line) => /-o docker0 .*--dport 80 /.test(line));
  await must(host, `iptables ${rule?.replace('-A', '-D')}`);
  // What no rule of Docker's lets in is let in by the policy that the engine found.
  await expectWay(stage, target);
  await must(host, 'iptables -P FORWARD DROP');
  t.after(async () => {
    await must(host, 'iptables -P FORWARD ACCEPT');
  });
  await expectStop(stage, target, { code: 'dropped_by_policy', hop: 'forward', real: 'timeout' });
  await must(host, `iptables ${rule}`);
  await expectWay(stage, target);
});

withNft('the rule that carries it is deleted: docker-proxy does; then that is killed too', async (t, stage) => {
  const { app, client, engine } = stage;
  const target = await publish(t, stage);
  const host = hostPlace(engine);
  const rule = (await must(host, 'iptables -t nat -S DOCKER'))
    .split('\n')
    .find((line) => line.includes(`${target.port}`));
  await must(host, `iptables -t nat ${rule?.replace('-A', '-D')}`);
  const query = { container: target.name, port: 80, from: client.address, at: client.host };
  const path = await expectWay(stage, target);
  assert.equal(path.carriedBy, 'docker-proxy');
  await killProxies(engine, target.port);
  const stopped = await expectCode(app, query, 'nothing_carries');
  assert.equal(stopped.verdict.seenAs, 'refused');
  assert.equal(await connectFrom(client.place, { address: client.host, port: target.port }), 'refused');
  await must(host, `iptables -t nat ${rule}`);
  assert.equal((await expectWay(stage, target)).carriedBy, 'dnat');
});

/** Kills the proxies of a port, as the host's root would. Returns when nothing on the host listens on the port. */
async function killProxies(engine: PrivateEngine, port: number): Promise<void> {
  const inside = ['nsenter', '--target', String(engine.pid), '--pid', '--mount', '--'];
  await must(inside, `pkill -f docker-proxy.*-host-port.${port}`);
  await waitFor(async (see) => see(await must(hostPlace(engine), `ss -Htln sport = :${port}`)) === '', {
    what: `the listeners on port ${port} to be closed`,
  });
}

withNft('on the host itself docker-proxy carries it, and nothing does without', async (t, stage) => {
  const { app, engine } = stage;
  const target = await publish(t, stage, { at: '127.0.0.1:' });
  const query = { container: target.name, port: 80, from: 'host', at: '127.0.0.1' };
  const path = await expectCode(app, query, 'reaches');
  assert.equal(path.carriedBy, 'docker-proxy');
  const connect = () => connectFrom(hostPlace(engine), { address: '127.0.0.1', port: target.port });
  assert.equal(await connect(), 'open');
  await killProxies(engine, target.port);
  await expectCode(app, query, 'nothing_carries');
  assert.equal(await connect(), 'refused');
});

withNft('what is published on loopback is not there for the world', async (t, stage) => {
  const { app, client } = stage;
  const target = await publish(t, stage, { at: '127.0.0.1:' });
  const path = await readPath(app, { container: target.name, port: 80, from: client.address });
  assert.equal(path.verdict.code, 'published_on_another_address', path.verdict.sentence);
  assert.equal(await connectFrom(client.place, { address: client.host, port: target.port }), 'refused');
});

withNft('over IPv6 docker-proxy carries it', async (t, stage) => {
  const { app, client } = stage;
  const target = await publish(t, stage);
  const query = { container: target.name, port: 80, from: client.address6, at: client.host6 };
  const path = await expectCode(app, query, 'reaches');
  assert.equal(path.carriedBy, 'docker-proxy');
  assert.equal(await connectFrom(client.place, { address: client.host6, port: target.port }), 'open');
});

withNft('containers on a bridge without icc', async (t, stage) => {
  const { app, engine } = stage;
  await engine.docker('network', 'create', '--opt', 'com.docker.network.bridge.enable_icc=false', 'quiet');
  const target = await publish(t, stage, { args: ['--network', 'quiet'] });
  const other = await publish(t, stage, { args: ['--network', 'quiet'] });
  t.after(async () => {
    await engine.docker('network', 'rm', 'quiet');
  });
  const { stdout } = await engine.docker(
    'inspect',
    '--format',
    '{{.NetworkSettings.Networks.quiet.IPAddress}}',
    target.name,
  );
  const address = stdout.trim();
  const path = await expectCode(app, { container: target.name, port: 80, from: other.name, at: address }, 'icc_off');
  assert.equal(path.verdict.reaches, false);
  const from = await containerPlace(engine, other.name);
  assert.equal(await connectFrom(from, { address, port: 80, seconds: 2 }), 'timeout');
  await expectWay(stage, target);
});

withNft('the host forwards nothing', async (t, stage) => {
  const { engine } = stage;
  const target = await publish(t, stage);
  const set = (value: number) => must(hostPlace(engine), `sysctl -q -w net.ipv4.ip_forward=${value}`);
  t.after(async () => {
    await set(1);
  });
  await set(0);
  await expectStop(stage, target, { code: 'forwarding_off', hop: 'forward', real: 'timeout' });
  await set(1);
  await expectWay(stage, target);
});

withNft('a datagram, from beyond the host by a rule, and from the host by docker-proxy', async (t, stage) => {
  const { app, client, engine } = stage;
  const target = await publish(t, stage, { args: ['--publish', '9353:53/udp'] });
  const outside = { container: target.name, port: '53/udp', from: client.address, at: client.host };
  const own = { ...outside, from: 'host', at: '127.0.0.1' };
  const there = { address: client.host, port: 9_353 };
  await expectCode(app, outside, 'nothing_listens');
  assert.equal(await askUdp(client.place, there), 'silent');
  await echoUdp(t, await containerPlace(engine, target.name), 53);
  const before = await expectCode(app, outside, 'reaches');
  assert.equal(before.carriedBy, 'dnat');
  const count = (path: Path) =>
    rulesOf(path, 'nat', 'DOCKER').find(({ text }) => text.includes('--dport 9353'))?.packets ?? 0;
  assert.equal(await askUdp(client.place, there), 'answered');
  assert.equal(count(await readPath(app, outside)) - count(before), 1);
  const loopback = await expectCode(app, own, 'reaches');
  assert.equal(loopback.carriedBy, 'docker-proxy');
  assert.equal(await askUdp(hostPlace(engine), { ...there, address: '127.0.0.1' }), 'answered');
});

withNft('ranges, UDP, host mode, and an image with nothing in it', async (t, stage) => {
  const { app, client, engine } = stage;
  const inRange = await publish(t, stage, { args: ['--publish', '9100-9101:90-91', '--publish', '9153:53/udp'] });
  const ranged = await readPacketPath(app, { container: inRange.name, port: 91, from: client.address });
  assert.deepEqual(
    ranged.paths.map(({ destination }) => destination.port).filter((port) => port !== 9_101 && port !== 91),
    [],
  );
  assert.equal(ranged.paths[0]?.verdict.code, 'nothing_listens');
  const udp = await readPacketPath(app, { container: inRange.name, port: '53/udp', from: client.address });
  assert.equal(udp.protocol, 'udp');
  assert.equal(udp.paths[0]?.verdict.code, 'nothing_listens');
  const hosted = await publish(t, stage, { command: 'httpd -f -p 7777', args: ['--network', 'host'] });
  const path = await expectCode(app, { container: hosted.name, port: 7777, from: client.address }, 'reaches');
  assert.equal(path.destination.port, 7777);
  assert.equal(await connectFrom(client.place, { address: client.host, port: 7777 }), 'open');

  process.env.DOCKER_HOST = engine.host;
  const scratch = await createScratchImage(t);
  t.after(async () => {
    await engine.docker('rm', '--force', 'nothing-inside');
  });
  await engine.docker(
    'run',
    '--detach',
    '--name',
    'nothing-inside',
    '--publish',
    '9200:80',
    scratch,
    '/bin/sleep',
    '600',
  );
  await expectStop(
    stage,
    { name: 'nothing-inside', port: 9_200 },
    { code: 'nothing_listens', hop: 'socket', real: 'refused' },
  );
});
