// From a request to Docker's body: the defaults, what each model refuses and by which name, and that no request whatsoever can get a mount,
// a device, a privilege or a namespace of the host's into it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { refuseMisplacedFields } from '../../src/domain/container/create-fields.ts';
import { type CreateContext, planCreate } from '../../src/domain/container/create-planner.ts';
import { findBlame } from '../../src/domain/container/engine-blame.ts';
import type { NetworkFacts } from '../../src/domain/container/facts.ts';
import { composeName } from '../../src/domain/container/generated-name.ts';
import { canonicalizeRequest } from '../../src/domain/container/spec-identity.ts';
import { label } from '../../src/domain/labels.ts';
import { modes } from '../../src/schemas/container.ts';
import { type CreateRequest, containerNamePattern } from '../../src/schemas/create.ts';
import { Failure } from '../../src/schemas/failure.ts';
import { containerFacts, idOf, lookupIn } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';

const network = (name: string, more: Partial<NetworkFacts> = {}): NetworkFacts => ({
  id: idOf(`net-${name}`),
  name,
  driver: 'bridge',
  scope: 'local',
  internal: false,
  attachable: false,
  ingress: false,
  ipv6: false,
  createdAt: '2026-01-01T00:00:00Z',
  labels: {},
  options: {},
  subnets: [],
  ...more,
});
const networks = [
  network('bridge', { options: { 'com.docker.network.bridge.default_bridge': 'true' } }),
  network('none', { driver: 'null' }),
  network('host', { driver: 'host' }),
  network('web'),
  network('inside', { internal: true }),
  network('lan', { driver: 'macvlan' }),
  network('mesh', { driver: 'overlay', attachable: true }),
  network('services', { driver: 'overlay' }),
  network('ingress', { driver: 'overlay', attachable: true, ingress: true }),
  network('mine-default', { labels: { [label.managed]: 'true', [label.lab]: 'mine' } }),
  network('taken-default'),
];
const later = '2026-01-01T00:00:02Z';
const joinedTo = (target: string, more = {}) => ({
  networkMode: `container:${idOf(target)}`,
  endpoints: [],
  startedAt: later,
  ...more,
});
const containers = [
  containerFacts('web1'),
  containerFacts('stopped', { state: 'exited' }),
  containerFacts('host1', { networkMode: 'host', endpoints: [] }),
  containerFacts('on-host1', joinedTo('host1')),
  containerFacts('on-web1', joinedTo('web1')),
  containerFacts('lost', joinedTo('gone')),
];
const lookup = lookupIn(containers);

function contextOf(request: CreateRequest, more: Partial<CreateContext> = {}): CreateContext {
  return {
    name: request.name ?? 'quiet-fern-0f3a9c',
    owner: 'admin',
    defaultImage: 'busybox:latest',
    engineNow: Date.UTC(2026, 0, 1),
    specHash: 'hash',
    requestKey: null,
    engine: { name: 'local', cpus: 4, hostRefusal: null },
    network: (ref) => networks.find(({ id, name }) => id === ref || name === ref),
    container: lookup,
    target: request.mode === 'joined' ? (lookup(request.target) ?? null) : null,
    ...more,
  };
}
const plan = (request: CreateRequest, more: Partial<CreateContext> = {}) =>
  planCreate(request, contextOf(request, more));

function refusal(request: CreateRequest, more: Partial<CreateContext> = {}): [code: string, field: string | undefined] {
  try {
    plan(request, more);
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.ok(error.hint, `no way out is shown: ${error.message}`);
    return [error.code, error.field];
  }
  return assert.fail(`was not refused: ${JSON.stringify(request)}`);
}

test('a closed container: every default, and nothing more', () => {
  assert.deepEqual(plan({ mode: 'closed' }).body, {
    Image: 'busybox:latest',
    Tty: true,
    OpenStdin: true,
    Labels: {
      'io.terrarium.managed': 'true',
      'io.terrarium.mode': 'closed',
      'io.terrarium.owner': 'admin',
      'io.terrarium.spec-hash': 'hash',
    },
    HostConfig: {
      NetworkMode: 'none',
      AutoRemove: false,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      CapDrop: ['MKNOD', 'AUDIT_WRITE', 'SETFCAP', 'SYS_CHROOT'],
      SecurityOpt: ['no-new-privileges'],
      Memory: 512 * 1024 * 1024,
      NanoCpus: 1_000_000_000,
      PidsLimit: 256,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
    },
  });
});

test('an open container: every field finds its place', () => {
  const { body, name, warnings } = plan({
    mode: 'open',
    name: 'o1',
    image: 'busybox',
    command: ['httpd', '-f', '-p', '2222'],
    entrypoint: ['/bin/busybox'],
    env: { A: 'b', EMPTY: '' },
    workingDir: '/srv',
    user: '1000:1000',
    hostname: 'web.lab',
    stdin: true,
    autoRemove: true,
    labels: { team: 'a' },
    lab: 'mine',
    ttl: '2h',
    limits: { memory: '64m', cpus: 0.25, pids: 10 },
    capabilities: ['NET_ADMIN'],
    network: 'web',
    ip: '10.0.0.5',
    ip6: 'fd00::5',
    aliases: ['web'],
    dns: ['9.9.9.9', '2620:fe::fe'],
    ports: ['2222', '8080:80', '127.0.0.1::81/udp'],
    publishAll: true,
  });
  assert.deepEqual([name, warnings], ['o1', []]);
  assert.deepEqual(body, {
    Image: 'busybox',
    Cmd: ['httpd', '-f', '-p', '2222'],
    Entrypoint: ['/bin/busybox'],
    Env: ['A=b', 'EMPTY='],
    WorkingDir: '/srv',
    User: '1000:1000',
    Hostname: 'web.lab',
    Tty: false,
    OpenStdin: true,
    Labels: {
      team: 'a',
      'io.terrarium.managed': 'true',
      'io.terrarium.mode': 'open',
      'io.terrarium.owner': 'admin',
      'io.terrarium.spec-hash': 'hash',
      'io.terrarium.lab': 'mine',
      'io.terrarium.expires-at': '2026-01-01T02:00:00.000Z',
    },
    ExposedPorts: { '2222/tcp': {}, '80/tcp': {}, '81/udp': {} },
    HostConfig: {
      NetworkMode: 'web',
      PortBindings: {
        '2222/tcp': [{ HostIp: '', HostPort: '' }],
        '80/tcp': [{ HostIp: '', HostPort: '8080' }],
        '81/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
      },
      PublishAllPorts: true,
      Dns: ['9.9.9.9', '2620:fe::fe'],
      AutoRemove: true,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      CapAdd: ['NET_ADMIN'],
      CapDrop: ['MKNOD', 'AUDIT_WRITE', 'SETFCAP', 'SYS_CHROOT'],
      SecurityOpt: ['no-new-privileges'],
      Memory: 64 * 1024 * 1024,
      NanoCpus: 250_000_000,
      PidsLimit: 10,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
    },
    NetworkingConfig: {
      EndpointsConfig: {
        web: { IPAMConfig: { IPv4Address: '10.0.0.5', IPv6Address: 'fd00::5' }, Aliases: ['web'] },
      },
    },
  });
});

test('tty and stdin default to true without a command only', () => {
  const streams = (more: object) => {
    const { body } = plan({ mode: 'closed', ...more });
    return [body.Tty, body.OpenStdin];
  };
  assert.deepEqual(streams({}), [true, true]);
  assert.deepEqual(streams({ command: [] }), [true, true]);
  assert.deepEqual(streams({ command: ['sleep', '1'] }), [false, false]);
  assert.deepEqual(streams({ command: ['sh'], tty: true }), [true, false]);
  assert.deepEqual(streams({ tty: false }), [false, true]);
  assert.match(plan({ mode: 'closed', tty: false, stdin: false }).warnings.join(), /ends as soon as/);
});

test('a joined container gets the full id of its target, and remembers its name and where the chain ends', () => {
  const { body } = plan({ mode: 'joined', target: 'web1' });
  assert.equal(body.HostConfig.NetworkMode, `container:${idOf('web1')}`);
  assert.deepEqual(
    [body.Labels[label.target], body.Labels[label.namespaceOwner], body.Hostname, body.NetworkingConfig],
    ['web1', idOf('web1'), undefined, undefined],
  );
  assert.equal(plan({ mode: 'joined', target: 'on-web1' }).body.Labels[label.namespaceOwner], idOf('web1'));
  assert.equal(plan({ mode: 'joined', target: 'on-host1' }).body.Labels[label.namespaceOwner], 'host');
  assert.match(plan({ mode: 'joined', target: 'lost' }).warnings.join(), /orphaned/);
});

test('a target has to be there, and to run', () => {
  assert.deepEqual(refusal({ mode: 'joined', target: 'stopped' }), ['container_not_running', 'target']);
  assert.throws(() => plan({ mode: 'joined', target: 'nobody' }), { code: 'container_not_found', field: 'target' });
});

test("what ends in the host's namespace takes no capability, and needs an engine that is not reached over plain tcp", () => {
  const capabilities: ['NET_RAW'] = ['NET_RAW'];
  for (const target of ['host1', 'on-host1', 'lost']) {
    assert.deepEqual(refusal({ mode: 'joined', target, capabilities }), ['invalid_request', 'capabilities'], target);
  }
  assert.deepEqual(refusal({ mode: 'open', host: true, capabilities }), ['invalid_request', 'capabilities']);
  assert.deepEqual(plan({ mode: 'joined', target: 'web1', capabilities }).body.HostConfig.CapAdd, ['NET_RAW']);
  const engine = { name: 'far', cpus: null, hostRefusal: 'it is reached over plain tcp://' };
  assert.deepEqual(refusal({ mode: 'open', host: true }, { engine }), ['forbidden', 'host']);
  assert.deepEqual(refusal({ mode: 'joined', target: 'on-host1' }, { engine }), ['forbidden', 'target']);
  assert.equal(
    plan({ mode: 'joined', target: 'web1' }, { engine }).body.HostConfig.NetworkMode,
    `container:${idOf('web1')}`,
  );
});

test('open needs one of its three ways, and host excludes everything that is published or chosen', () => {
  assert.deepEqual(refusal({ mode: 'open' }), ['invalid_request', 'ports']);
  assert.deepEqual(refusal({ mode: 'open', publishAll: false, host: false }), ['invalid_request', 'ports']);
  assert.equal(plan({ mode: 'open', publishAll: true }).body.HostConfig.PublishAllPorts, true);
  const { HostConfig } = plan({ mode: 'open', host: true, hostname: 'h', dns: ['1.1.1.1'], publishAll: false }).body;
  assert.deepEqual(
    [HostConfig.NetworkMode, HostConfig.Dns, HostConfig.PublishAllPorts],
    ['host', ['1.1.1.1'], undefined],
  );
  const others = { ports: ['80'], publishAll: true, network: 'web', ip: '10.0.0.1', ip6: 'fd00::1', aliases: ['a'] };
  for (const [field, value] of Object.entries(others)) {
    assert.deepEqual(refusal({ mode: 'open', host: true, [field]: value }), ['invalid_request', field]);
  }
  assert.deepEqual(refusal({ mode: 'open', ports: ['80', 'x'] }), ['invalid_request', 'ports[1]']);
});

test('what docker create takes and a start fails of is planned, with the reason that it cannot run', () => {
  const obstacle = (ports: string[]) => plan({ mode: 'open', ports }).obstacle;
  assert.equal(obstacle(['8080:80', '8081:81', '127.0.0.1::80']), null);
  assert.equal(plan({ mode: 'closed' }).obstacle, null);
  assert.match(obstacle(['8080:80', '0.0.0.0:8080:81'])?.message ?? '', /want host port 8080\/tcp/);
  assert.equal(obstacle(['1-1024']), null);
  assert.match(obstacle(['1-1025'])?.message ?? '', /^1025 ports/);
});

test('a network is a bridge or an attachable overlay, by name or id, and nothing else', () => {
  const mode = (ref: string) => plan({ mode: 'bridged', network: ref }).body.HostConfig.NetworkMode;
  assert.deepEqual(['web', idOf('net-web'), 'mesh', 'bridge'].map(mode), ['web', 'web', 'mesh', 'bridge']);
  for (const ref of ['none', 'host', 'lan', 'services', 'ingress']) {
    assert.deepEqual(refusal({ mode: 'bridged', network: ref }), ['invalid_request', 'network'], ref);
  }
  assert.deepEqual(refusal({ mode: 'open', ports: ['80'], network: 'nowhere' }), ['network_not_found', 'network']);
  assert.match(plan({ mode: 'open', ports: ['80'], network: 'inside' }).warnings.join(), /internal/);
});

test('an address or names of its own need a user-defined network', () => {
  for (const field of [{ ip: '172.17.0.9' }, { ip6: 'fd00::9' }, { aliases: ['a'] }]) {
    const [name = ''] = Object.keys(field);
    assert.deepEqual(refusal({ mode: 'bridged', ...field }), ['invalid_request', name]);
  }
  assert.equal(plan({ mode: 'bridged', aliases: [] }).body.NetworkingConfig, undefined);
  assert.deepEqual(plan({ mode: 'bridged', network: 'web', aliases: ['a'] }).body.NetworkingConfig, {
    EndpointsConfig: { web: { Aliases: ['a'] } },
  });
});

test("a lab's containers are on a bridge of its own, unless another is named", () => {
  const made = plan({ mode: 'bridged', lab: 'fresh' });
  assert.deepEqual([made.labNetwork, made.body.HostConfig.NetworkMode], ['fresh-default', 'fresh-default']);
  assert.match(made.warnings.join(), /will be made/);
  const known = plan({ mode: 'open', lab: 'mine', ports: ['80'], aliases: ['a'] });
  assert.deepEqual([known.labNetwork, known.warnings], ['mine-default', []]);
  assert.equal(plan({ mode: 'bridged', lab: 'fresh', network: 'web' }).labNetwork, null);
  for (const request of [
    { mode: 'closed' },
    { mode: 'open', host: true },
    { mode: 'joined', target: 'web1' },
  ] as const) {
    assert.equal(plan({ ...request, lab: 'fresh' }).labNetwork, null);
  }
  assert.deepEqual(refusal({ mode: 'bridged', lab: 'taken' }), ['name_taken', 'lab']);
});

test('every other refusal names its field', () => {
  const field = (more: object) => refusal({ mode: 'closed', ...more });
  assert.deepEqual(field({ image: 'UPPER' }), ['invalid_request', 'image']);
  assert.deepEqual(field({ workingDir: 'relative' }), ['invalid_request', 'workingDir']);
  assert.deepEqual(field({ ttl: 'soon' }), ['invalid_request', 'ttl']);
  assert.deepEqual(field({ restart: 'sometimes' }), ['invalid_request', 'restart']);
  assert.deepEqual(field({ restart: 'always', autoRemove: true }), ['invalid_request', 'restart']);
  assert.deepEqual(field({ limits: { memory: '1k' } }), ['invalid_request', 'limits.memory']);
  assert.deepEqual(field({ limits: { memory: '0' } }), ['invalid_request', 'limits.memory']);
  assert.deepEqual(field({ limits: { cpus: 5 } }), ['engine_refused', 'limits.cpus']);
  assert.deepEqual(field({ labels: { 'io.terrarium.managed': 'false' } }), [
    'invalid_request',
    'labels.io.terrarium.managed',
  ]);
  assert.deepEqual(field({ labels: { 'com.docker.x': '' } }), ['invalid_request', 'labels.com.docker.x']);
  assert.deepEqual(refusal({ mode: 'bridged', dns: ['1.1.1.1', 'dns.example'] }), ['invalid_request', 'dns[1]']);
});

test('a default never exceeds what the engine has', () => {
  const cpus = (cores: number | null) =>
    plan({ mode: 'closed' }, { engine: { name: 'small', cpus: cores, hostRefusal: null } }).spec.limits.cpus;
  assert.deepEqual([cpus(0.5), cpus(8), cpus(null)], [0.5, 1, 1]);
});

test('a field of another model is refused by its name, with the way out', () => {
  const misplaced = {
    closed: ['network', 'ip', 'ip6', 'aliases', 'dns', 'ports', 'publishAll', 'host', 'target'],
    bridged: ['ports', 'publishAll', 'host', 'target'],
    joined: ['hostname', 'dns', 'links', 'mac', 'network', 'ip', 'ip6', 'aliases', 'ports', 'publishAll', 'host'],
    open: ['target'],
  } as const;
  for (const mode of modes) {
    for (const field of misplaced[mode]) {
      assert.throws(
        () => refuseMisplacedFields(mode, { name: 'a1', [field]: null }),
        (error) =>
          error instanceof Failure &&
          error.field === field &&
          error.hint !== undefined &&
          error.message.includes(field),
      );
    }
    for (const body of [{}, null, 'text', ['target'], { toString: 1 }, { name: 'x' }])
      refuseMisplacedFields(mode, body);
  }
});

// Everything that a Docker body may hold for a user's container; what is not here must never be sent.
const allowedBody =
  'Image Cmd Entrypoint Env WorkingDir User Hostname Tty OpenStdin Labels ExposedPorts HostConfig NetworkingConfig'.split(
    ' ',
  );
const allowedHost =
  'NetworkMode PortBindings PublishAllPorts Dns AutoRemove RestartPolicy CapAdd CapDrop SecurityOpt Memory NanoCpus PidsLimit LogConfig'.split(
    ' ',
  );

test('no request whatsoever gets more into the body than our spec has, or beyond its limits', () => {
  const text = fc.string({ maxLength: 20 });
  const anything = fc.oneof(fc.anything({ maxDepth: 1 }), text);
  const common = {
    image: fc.constantFrom('busybox', 'localhost:5000/a/b:c'),
    command: fc.array(text),
    env: fc.dictionary(text, text),
    user: text,
    hostname: text,
    tty: fc.boolean(),
    autoRemove: fc.boolean(),
    labels: fc.dictionary(text, text),
    lab: fc.constantFrom('mine', 'fresh'),
    ttl: fc.constantFrom('1s', '30d'),
    limits: fc.record(
      { memory: fc.constantFrom('6m', 7e6), cpus: fc.double({ min: 0.01, max: 4, noNaN: true }), pids: fc.nat() },
      { requiredKeys: [] },
    ),
    capabilities: fc.subarray(['NET_ADMIN', 'NET_RAW'] as const),
    // What a schema that failed to hold would let through.
    HostConfig: anything,
    Privileged: anything,
    Binds: anything,
    privileged: anything,
    mounts: anything,
    devices: anything,
    pidMode: anything,
  };
  const onNetwork = {
    network: fc.constantFrom(...networks.map(({ name }) => name)),
    ip: fc.ipV4(),
    aliases: fc.array(text),
  };
  const requests = fc.oneof(
    fc.record({ mode: fc.constant('closed'), ...common }, { requiredKeys: ['mode'] }),
    fc.record({ mode: fc.constant('bridged'), ...common, ...onNetwork }, { requiredKeys: ['mode'] }),
    fc.record(
      { mode: fc.constant('joined'), target: fc.constantFrom(...containers.map(({ name }) => name)), ...common },
      { requiredKeys: ['mode', 'target'] },
    ),
    fc.record(
      {
        mode: fc.constant('open'),
        ports: fc.array(fc.constantFrom('80', '8080:81', '127.0.0.1::82'), { minLength: 1 }),
        ...common,
        ...onNetwork,
      },
      { requiredKeys: ['mode', 'ports'] },
    ),
    fc.record(
      { mode: fc.constant('open'), host: fc.boolean(), publishAll: fc.boolean(), ...common },
      { requiredKeys: ['mode'] },
    ),
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(requests, (request) => {
      let made: ReturnType<typeof plan>;
      try {
        made = plan(request as unknown as CreateRequest);
      } catch (error) {
        if (error instanceof Failure) return;
        throw error;
      }
      const { body } = made;
      const { HostConfig: host } = body;
      seen.add(`${request.mode} ${host.NetworkMode}`);
      assert.deepEqual(
        Object.keys(body).filter((key) => !allowedBody.includes(key)),
        [],
      );
      assert.deepEqual(
        Object.keys(host).filter((key) => !allowedHost.includes(key)),
        [],
      );
      assert.deepEqual(host.SecurityOpt, ['no-new-privileges']);
      assert.deepEqual(host.CapDrop, ['MKNOD', 'AUDIT_WRITE', 'SETFCAP', 'SYS_CHROOT']);
      assert.ok((host.CapAdd ?? []).every((one) => one === 'NET_ADMIN' || one === 'NET_RAW'));
      assert.ok((host.Memory ?? 0) > 0 && (host.NanoCpus ?? 0) > 0 && host.PidsLimit !== undefined);
      assert.equal(body.Labels[label.managed], 'true');
      if (host.NetworkMode === 'host') assert.equal(host.CapAdd, undefined);
      if (/host1$/.test(lookup(host.NetworkMode.replace('container:', ''))?.name ?? ''))
        assert.equal(host.CapAdd, undefined);
    }),
    { numRuns: 1500 },
  );
  assert.ok(
    seen.has('open host') && seen.has('closed none') && seen.has(`joined container:${idOf('on-host1')}`),
    [...seen].join(),
  );
});

test('equal requests are equal whatever the order of their fields; names and pulls make no difference, anything else does', () => {
  const base: CreateRequest = { mode: 'closed', name: 'a1', env: { A: '1', B: '2' }, command: ['x', 'y'] };
  const text = canonicalizeRequest(base, 'local');
  assert.equal(
    canonicalizeRequest(
      { command: ['x', 'y'], env: { B: '2', A: '1' }, name: 'b2', pull: 'always', mode: 'closed' },
      'local',
    ),
    text,
  );
  const others: CreateRequest[] = [
    { ...base, command: ['y', 'x'] },
    { ...base, env: { A: '1' } },
    { ...base, tty: true },
    { ...base, mode: 'bridged' },
    { ...base, labels: {} },
  ];
  for (const other of others) assert.notEqual(canonicalizeRequest(other, 'local'), text);
  assert.notEqual(canonicalizeRequest(base, 'other'), text);
});

test('generated names are names, and differ', () => {
  const names = new Set<string>();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
      const name = composeName(bytes);
      names.add(name);
      assert.match(name, new RegExp(containerNamePattern));
      assert.match(name, /^[a-z]+-[a-z]+-[0-9a-f]{6}$/);
    }),
  );
  assert.ok(names.size > 50);
});

test("the engine's words are put to a field that was given", () => {
  const field = (words: string, given: object = {}) => findBlame(words, given as Record<string, unknown>)?.field;
  assert.equal(
    field('listen tcp4 10.9.9.9:8080: bind: cannot assign requested address', { ports: ['10.9.9.9:8080:80'] }),
    'ports',
  );
  assert.equal(field('exec: "/nosuch": stat /nosuch: no such file or directory'), 'command');
  assert.equal(
    field('exec: "/nosuch": stat /nosuch: no such file or directory', { entrypoint: ['/nosuch'] }),
    'entrypoint',
  );
  assert.equal(field('unable to find user nobody2: no matching entries in passwd file', { user: 'nobody2' }), 'user');
  assert.equal(field('unable to find user nobody2: no matching entries in passwd file'), undefined);
  assert.equal(
    field('Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available', { limits: {} }),
    'limits.cpus',
  );
  assert.equal(
    field('no configured subnet or ip-range contain the IP address 10.78.0.99.', { ip: '10.78.0.99' }),
    'ip',
  );
  assert.equal(field('something else entirely', { ip: '1.2.3.4', ports: [] }), undefined);
});
