// What a container can gain by any way of making it: nothing. Creates of all four models made up from their schemas, labs, and what is done to them
// later; each real container is read off the engine, and every field of its configuration that is not on a closed list has to be as a plain
// container has it. Images that claim to be Terrarium's are not believed. TERRARIUM_SWEEP=1 makes hundreds.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Container, Mode } from '../../src/schemas/container.ts';
import { CreateBridged, CreateClosed, CreateJoined, CreateOpen } from '../../src/schemas/create.ts';
import { type Api, useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { callDocker, createTestContainer, createTestNetwork, dockerApi, inspectContainer } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { differentialRun } from '../support/generated-strings.ts';
import { createHostileImage } from '../support/hostile-image.ts';
import { labName, useLabs } from '../support/labs.ts';
import { managedLabels } from '../support/managed.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { type Schema, valuesOf } from '../support/schema-values.ts';
import { waitFor } from '../support/wait-for.ts';

// Servers of others that know nothing of such images would take what is made of them for their own.
const skip = whyNoPrivateEngine();
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;
const server = await startApp({ after });
const api = useApi(server, { after });
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { cases, seed } = differentialRun(isSweep ? 250 : 14);

/** What Terrarium says of a container, claimed by an image, with all else that an image can ask for. */
const claims = {
  'io.terrarium.managed': 'true',
  'io.terrarium.role': 'helper',
  'io.terrarium.lab': 'somebody-elses',
  'io.terrarium.item': 'claimed',
  'io.terrarium.owner': 'somebody',
  'io.terrarium.server': 'none',
  'io.terrarium.expires-at': '2001-01-01T00:00:00.000Z',
  'io.terrarium.rejoin': 'auto',
  'io.terrarium.request': 'x',
  'io.terrarium.spec-hash': 'x',
  'io.terrarium.replaces': 'x',
  'io.terrarium.target': 'x',
  'io.terrarium.namespace-owner': 'host',
  'io.terrarium.image': 'sha256:0000',
} as const;
const hostile = await createHostileImage(
  { after },
  {
    labels: { ...claims, 'com.docker.compose.project': 'x', team: 'kept' },
    changes: [
      'VOLUME /data',
      'USER 1000',
      'ENV DOCKER_HOST=tcp://127.0.0.1:2375 NVIDIA_VISIBLE_DEVICES=all',
      'ENTRYPOINT ["sh", "-c"]',
      'CMD ["sleep 3600"]',
      'EXPOSE 80 8000-8010/udp',
      'HEALTHCHECK --interval=1s CMD true',
      'STOPSIGNAL SIGKILL',
      'WORKDIR /data',
    ],
  },
);

const target = await api.create('bridged');
const { name: network } = await createTestNetwork({ after });

// biome-ignore lint/suspicious/noExplicitAny: the engine's own JSON
type Json = any;

const plain = await createTestContainer({ after }, { start: false, body: { HostConfig: { Init: null } } });
const defaults: Json = await inspectContainer(plain.id);

const bare = (capability: string) => capability.replace(/^CAP_/, '');
const isOneOf =
  (...values: unknown[]) =>
  (value: unknown) =>
    values.some((one) => JSON.stringify(one) === JSON.stringify(value));
const isList = (fits: (value: string) => boolean) => (value: unknown) =>
  value === null || (Array.isArray(value) && value.every(fits));

/** HostConfig: each field that may differ from a plain container's, and what it may be. Whatever is not here may not differ. */
const hostFields: Readonly<Record<string, (value: Json, mode: Mode, bridge: string) => boolean>> = {
  NetworkMode: (value, mode, bridge) =>
    ({
      closed: value === 'none',
      bridged: value === 'bridge' || value === bridge,
      open: value === 'bridge' || value === bridge,
      joined: /^container:[0-9a-f]{64}$/.test(value),
    })[mode],
  PortBindings: (value, mode) => mode === 'open' || Object.keys(value ?? {}).length === 0,
  PublishAllPorts: (value, mode) => mode === 'open' || value === false,
  RestartPolicy: ({ Name }) => ['no', 'always', 'unless-stopped', 'on-failure'].includes(Name),
  AutoRemove: (value) => typeof value === 'boolean',
  Dns: isList((one) => /^[0-9a-f.:]+$/i.test(one)),
  CapAdd: isList((one) => ['NET_ADMIN', 'NET_RAW'].includes(bare(one))),
  CapDrop: (value) => value.map(bare).sort().join() === 'AUDIT_WRITE,MKNOD,SETFCAP,SYS_CHROOT',
  SecurityOpt: isOneOf(['no-new-privileges']),
  Memory: (value) => value >= 6_291_456,
  MemorySwap: (value) => value > 0,
  NanoCpus: (value) => value > 0,
  PidsLimit: (value) => value > 0,
  LogConfig: isOneOf({ Type: 'json-file', Config: { 'max-file': '2', 'max-size': '10m' } }),
};

/** @param bridge the network that it may be on, beside docker0 */
async function assertGainedNothing(made: Container, about: string, bridge = network): Promise<Json> {
  const seen = await inspectContainer(made.id);
  const names = new Set([...Object.keys(seen.HostConfig), ...Object.keys(defaults.HostConfig)]);
  for (const name of names) {
    const value = seen.HostConfig[name];
    const may = hostFields[name];
    if (may === undefined)
      assert.deepEqual(
        value ?? null,
        defaults.HostConfig[name] ?? null,
        `${about}: HostConfig.${name} differs from a plain container's`,
      );
    else assert.ok(may(value, made.mode, bridge), `${about}: HostConfig.${name} is ${JSON.stringify(value)}`);
  }
  // An image's own volumes are anonymous ones of the engine's, and go with the container.
  for (const mount of seen.Mounts) {
    assert.deepEqual(
      [mount.Type, mount.Driver, mount.RW],
      ['volume', 'local', true],
      `${about}: ${JSON.stringify(mount)}`,
    );
    assert.match(mount.Name, /^[0-9a-f]{64}$/, about);
    assert.equal(mount.Destination, '/data', about);
  }
  const { MaskedPaths, ReadonlyPaths } = seen.HostConfig;
  assert.deepEqual([MaskedPaths, ReadonlyPaths], [defaults.HostConfig.MaskedPaths, defaults.HostConfig.ReadonlyPaths]);
  assert.equal(seen.Config.MacAddress ?? '', '');
  // Of what the image claims nothing is left that was not asked for.
  for (const [name, value] of Object.entries(claims))
    if (!['io.terrarium.managed', 'io.terrarium.rejoin'].includes(name))
      assert.notEqual(seen.Config.Labels[name], value, `${about}: it has the claimed ${name}`);
  return seen;
}

const schemas: Readonly<Record<Mode, unknown>> = {
  closed: CreateClosed,
  bridged: CreateBridged,
  joined: CreateJoined,
  open: CreateOpen,
};

/** Bodies that mostly can be made: what only a lucky string could be is set. */
const anyCreate = fc.constantFrom<Mode>('closed', 'bridged', 'joined', 'open').chain((mode) =>
  fc
    .record({
      body: valuesOf(schemas[mode] as Schema),
      image: fc.constantFrom('busybox:latest', hostile),
      network: fc.constantFrom(undefined, 'bridge', network),
      ports: fc.constantFrom(['80'], ['127.0.0.1::80/tcp', '8000-8002/udp'], ['[::1]::53/udp']),
      publishes: fc.boolean(),
      capabilities: fc.constantFrom(undefined, [], ['NET_ADMIN'], ['NET_RAW', 'NET_ADMIN']),
      restart: fc.constantFrom(undefined, 'no', 'always', 'on-failure:3', 'unless-stopped'),
      command: fc.constantFrom(undefined, ['sleep', '3600'], ['sleep 3600']),
      env: fc.constantFrom(
        undefined,
        { DOCKER_HOST: 'unix:///var/run/docker.sock', LD_PRELOAD: '/x.so', NVIDIA_VISIBLE_DEVICES: 'all' },
        ['container=docker', 'PATH=/proc/1/root/bin', 'BASH_FUNC_x%%=() { :; }'],
      ),
      labels: fc.constantFrom(undefined, {
        'com.nvidia.volumes.needed': 'x',
        privileged: 'true',
        'org.opencontainers.runtime': 'x',
      }),
      limits: fc.constantFrom(undefined, { memory: '16m', cpus: 0.5 }, { pids: 20 }),
    })
    .map(({ body, network: on, ports, publishes, image, ...more }) => {
      const {
        ip: _ip,
        ip6: _ip6,
        dns: _dns,
        engine: _engine,
        lab: _lab,
        entrypoint: _entry,
        user: _user,
        workingDir: _dir,
        ttl: _ttl,
        pull: _pull,
        autoRemove: _auto,
        aliases: _aliases,
        publishAll: _all,
        host: _host,
        ports: _ports,
        hostname: _hostname,
        target: _target,
        ...rest
      } = body as Record<string, unknown>;
      const ofNetwork = mode === 'bridged' || mode === 'open' ? { network: on } : {};
      const ofOpen = mode === 'open' ? (publishes ? { publishAll: true } : { ports }) : {};
      const ofJoined = mode === 'joined' ? { target: target.name } : {};
      return {
        mode,
        body: { ...rest, ...more, image, ...ofNetwork, ...ofOpen, ...ofJoined, name: uniqueName('gain') },
      };
    }),
);

test('whatever is asked of a create, the container has nothing that a plain one has not, but what is on the list', {
  skip,
  timeout: 3_000_000,
}, async (t) => {
  const counts = { made: 0, refused: 0, hostile: 0 };
  for (const { mode, body } of fc.sample(anyCreate, { numRuns: cases, seed })) {
    const answer = await api.tryCreate(mode, body);
    const about = `seed ${seed}: ${mode} ${JSON.stringify(body)}`;
    if (answer.status !== 201) {
      assert.ok(answer.status < 500, `${about}: ${JSON.stringify(answer.body)}`);
      counts.refused += 1;
      continue;
    }
    counts.made += 1;
    if (body.image === hostile) counts.hostile += 1;
    await assertGainedNothing(answer.body, about);
    await api.delete(`/containers/${answer.body.id}`).expect(204);
  }
  t.diagnostic(
    `seed ${seed}: ${counts.made} made, ${counts.hostile} of them of a hostile image, ${counts.refused} refused`,
  );
  assert.ok(counts.made > cases / 3 && counts.hostile > 0, JSON.stringify(counts));
});

async function assertOurs(one: Container, listed: Api): Promise<void> {
  const { body } = await listed.get(`/containers/${one.id}`).expect(200);
  assert.deepEqual(
    [body.managed, body.owner, body.lab, body.expiresAt, body.rejoin ?? 'manual'],
    [true, 'admin', null, null, 'manual'],
  );
  const { body: all } = await listed.get('/containers').expect(200);
  assert.ok(
    all.some(({ id }: Container) => id === one.id),
    'it is in the list',
  );
}

test('an image that claims to be a helper, of a lab, or past its time, hides nothing and moves nothing', async (t) => {
  const made = await api.create('bridged', { image: hostile, labels: { mine: 'yes' } });
  await assertOurs(made, api);
  const { Config } = await assertGainedNothing(made, 'bridged, of a hostile image');
  assert.deepEqual([Config.Labels.team, Config.Labels.mine], ['kept', 'yes']);

  // Another server, which was not there when it was made, sees it alike.
  const other = useApi(await startApp(t), t);
  await waitFor(async (see) => see((await other.get(`/containers/${made.id}`)).status) === 200, {
    what: 'the other to know it',
  });
  await assertOurs(made, other);
  for (const verb of ['restart', 'stop', 'start', 'pause', 'unpause'])
    await api.post(`/containers/${made.id}/${verb}`).expect(200);
  await assertGainedNothing(made, 'after its lifecycle');
  await api.post(`/networks/${network}/connect`, { container: made.id, aliases: ['x'] }).expect(200);
  await assertGainedNothing(made, 'on another network');
  assert.equal(
    (await api.post(`/containers/${made.id}/exec`, { command: ['id', '-u'] }).expect(200)).body.stdout,
    '1000\n',
  );
  await api.delete(`/containers/${made.id}`).expect(204);
  assert.equal((await dockerApi('GET', `/containers/${made.id}/json`)).status, 404);
});

test('what somebody else makes of such an image is theirs: shown as foreign, and neither changed nor removed', async (t) => {
  const { id, name } = await createTestContainer(t, {
    body: { Image: hostile, Cmd: ['sleep 3600'], Entrypoint: ['sh', '-c'] },
  });
  await waitFor(async (see) => see((await api.get(`/containers/${id}`)).status) === 200, { what: 'it to be known' });
  const { body } = await api.get(`/containers/${id}`).expect(200);
  assert.deepEqual([body.managed, body.lab, body.owner, body.expiresAt], [false, null, null, null]);
  for (const answer of [
    await api.delete(`/containers/${id}`),
    await api.post(`/containers/${name}/exec`, { command: ['id'] }),
  ])
    assert.deepEqual([answer.status, answer.body.code], [403, 'not_managed']);
  await callDocker('POST', `/containers/${id}/kill`);
  // A helper that lies still for as long as this container, or shorter, is swept: by then this one would have been swept too.
  const helper = await createTestContainer(t, {
    start: false,
    body: { Labels: { ...managedLabels, 'io.terrarium.role': 'helper', 'io.terrarium.server': 'another' } },
  });
  await waitFor(async (see) => see((await dockerApi('GET', `/containers/${helper.id}/json`)).status) === 404, {
    what: 'a helper that lies still to be swept',
  });
  assert.equal((await dockerApi('GET', `/containers/${id}/json`)).status, 200, 'nobody removed it');
});

test('what a lab makes gains nothing either, also when it is changed, rejoined and made anew', async (t) => {
  const lab = labName();
  const labs = useLabs(server, t);
  const file = {
    networks: { lan: null },
    containers: {
      web: { mode: 'open', network: 'lan', image: hostile, ports: [80] },
      mate: { mode: 'joined', target: 'web', image: hostile, rejoin: 'auto' },
      alone: { mode: 'closed', image: hostile },
      next: { mode: 'bridged', network: 'lan', image: 'busybox:latest', capabilities: ['NET_ADMIN'] },
    },
  };
  const members = async (): Promise<Container[]> => (await api.get(`/containers?lab=${lab}`).expect(200)).body;
  const assertAll = async (about: string) => {
    const all = await members();
    assert.equal(all.length, 4, about);
    for (const one of all) await assertGainedNothing(one, `${one.name}, ${about}`, `${lab}-lan`);
  };
  await labs.apply(lab, file as never);
  await assertAll('applied');
  const web = (await members()).find(({ name }) => name.endsWith('-web'));
  await api.post(`/containers/${web?.id}/restart`).expect(200);
  await assertAll('after a restart of a target');
  await labs.apply(lab, {
    ...file,
    containers: { ...file.containers, web: { ...file.containers.web, ports: [81] } },
  } as never);
  await assertAll('changed');
});

test("names of Terrarium's locks are nobody's to take, and a stranger who has one is told of, and let be", async (t) => {
  const lab = labName();
  const lock = `terrarium-lab-${lab}-lock`;
  for (const name of [lock, `terrarium-rejoin-${target.id.slice(0, 12)}`]) {
    const { status, body } = await api.tryCreate('closed', { name });
    assert.deepEqual([status, body.code, body.field], [400, 'invalid_request', 'name'], name);
  }
  const stranger = await createTestContainer(t, { name: lock });
  const labs = useLabs(server, t);
  const { status, body } = await labs.put(lab, { containers: { one: { mode: 'closed' } } });
  assert.deepEqual([status, body.code], [409, 'name_taken'], JSON.stringify(body));
  assert.ok(body.detail.includes(lock));
  await api.post(`/labs/${lab}/cancel`);
  const { State, RestartCount } = await inspectContainer(stranger.id);
  assert.deepEqual([State.Running, RestartCount], [true, 0], 'nobody signalled it');
});
