// Labs by chance, on a private engine: all modes, bridges of several kinds, published ports and listeners on whatever address. What cannot be (a port that
// is taken, an address that is not there) is left to the engine and the kernel: the lab is what comes of it.

import pLimit from 'p-limit';
import fc from './fast-check.ts';
import { managedLabels } from './managed.ts';
import type { PrivateEngine } from './private-engine.ts';
import { testLabels } from './run-id.ts';

const wheres = ['any', 'any4', 'loopback', 'loopback6', 'own', 'own6'] as const;

/** Who listens on which address of its namespace. */
interface ListenerSpec {
  readonly port: number;
  readonly where: (typeof wheres)[number];
}

const forms = ['dynamic', 'port', 'loopback', 'loopback6', 'address'] as const;

export interface ContainerSpec {
  readonly kind: 'closed' | 'bridged' | 'joined' | 'open' | 'host' | 'stopped';
  /** Numbers of {@link networkKinds}; the first is where it is made, and the default bridge comes after the last. */
  readonly networks: readonly number[];
  readonly target: number;
  readonly listeners: readonly ListenerSpec[];
  readonly publications: readonly { readonly form: (typeof forms)[number]; readonly port: number }[];
  readonly isPaused: boolean;
}

const networkKinds: readonly (readonly string[])[] = [
  [],
  ['--opt', 'com.docker.network.bridge.enable_icc=false'],
  ['--internal'],
  ['--ipv6'],
];

const ports = [80, 81, 8000];

const containerSpec: fc.Arbitrary<ContainerSpec> = fc.record({
  kind: fc.constantFrom('closed', 'bridged', 'bridged', 'bridged', 'joined', 'joined', 'open', 'open', 'open', 'host'),
  networks: fc.uniqueArray(fc.nat(networkKinds.length), { minLength: 1, maxLength: 2 }),
  target: fc.nat(),
  listeners: fc.array(fc.record({ port: fc.constantFrom(...ports), where: fc.constantFrom(...wheres) }), {
    minLength: 1,
    maxLength: 2,
  }),
  publications: fc.array(fc.record({ form: fc.constantFrom(...forms), port: fc.constantFrom(...ports) }), {
    minLength: 1,
    maxLength: 2,
  }),
  isPaused: fc.nat(9).map((chance) => chance === 0),
});

/** As many containers, and one that is never started. */
export function drawLab(size: number, seed: number): ContainerSpec[] {
  const specs = fc.sample(containerSpec, { numRuns: size, seed });
  const [first] = specs;
  return first === undefined ? [] : [...specs, { ...first, kind: 'stopped', networks: [0] }];
}

export interface LabOptions {
  /** Begins every name. */
  readonly name: string;
  /** An address of the host that is not loopback. */
  readonly hostAddress: string;
  /** The first host port that may be published. */
  readonly firstPort: number;
}

/** Makes the lab; answers what removes it. A container that the engine refuses is not there. */
export async function makeGeneratedLab(
  engine: PrivateEngine,
  specs: readonly ContainerSpec[],
  { name, hostAddress, firstPort }: LabOptions,
): Promise<() => Promise<void>> {
  const labels = Object.entries({ ...managedLabels, ...testLabels, 'io.terrarium.lab': name }).flatMap(
    ([key, value]) => ['--label', `${key}=${value}`],
  );
  const networkNames = networkKinds.map((_, index) => `${name}-net${index}`);
  for (const [index, options] of networkKinds.entries()) {
    const ranges = options.includes('--ipv6') ? ['--subnet', `fd00:${firstPort.toString(16)}::/64`] : [];
    await must(engine, 'network', 'create', ...labels, ...options, ...ranges, networkNames[index] ?? '');
  }
  const nameOf = (index: number) => `${name}-${index}`;
  const networkOf = (index: number) => networkNames[index] ?? 'bridge';
  let port = firstPort;
  const publish = ({ form, port: inside }: ContainerSpec['publications'][number]) => {
    port += 1;
    const mapping = {
      dynamic: `${inside}`,
      port: `${port}:${inside}`,
      loopback: `127.0.0.1:${port}:${inside}`,
      loopback6: `[::1]:${port}:${inside}`,
      address: `${hostAddress}:${port}:${inside}`,
    }[form];
    return ['--publish', mapping];
  };

  async function make(spec: ContainerSpec, index: number): Promise<void> {
    const [first = 0, ...others] = spec.networks;
    const attachment = {
      closed: ['--network', 'none'],
      host: ['--network', 'host'],
      joined: ['--network', index === 0 ? 'none' : `container:${nameOf(spec.target % index)}`],
      bridged: ['--network', networkOf(first)],
      stopped: ['--network', networkOf(first)],
      open: ['--network', networkOf(first), ...spec.publications.flatMap(publish)],
    }[spec.kind];
    // Those who share a namespace would take each other's ports: a joined one has ports of its own.
    const isAmongOthers = spec.kind === 'joined' || spec.kind === 'host';
    const listeners = isAmongOthers
      ? spec.listeners.map((one) => ({ ...one, port: one.port + 10_000 + 10 * index }))
      : spec.listeners;
    const command = [...listeners.map(listen), 'exec sleep 3600'].join('; ');
    const args = ['--name', nameOf(index), ...labels, '--init', ...attachment, 'busybox:latest', 'sh', '-c', command];
    const { code } = await engine.docker('create', ...args);
    if (code !== 0 || spec.kind === 'stopped') return;
    if (spec.kind === 'bridged' || spec.kind === 'open')
      for (const other of others) await engine.docker('network', 'connect', networkOf(other), nameOf(index));
    const started = await engine.docker('start', nameOf(index));
    if (started.code === 0 && spec.isPaused) await must(engine, 'pause', nameOf(index));
  }

  // Whoever joins comes after whom it joins.
  const limit = pLimit(3);
  const isJoined = ({ kind }: ContainerSpec) => kind === 'joined';
  await Promise.all(specs.map((spec, index) => (isJoined(spec) ? undefined : limit(() => make(spec, index)))));
  for (const [index, spec] of specs.entries()) if (isJoined(spec)) await make(spec, index);

  return async () => {
    const { stdout } = await engine.docker('ps', '--all', '--quiet', '--filter', `label=io.terrarium.lab=${name}`);
    const ids = stdout.split('\n').filter((line) => line !== '');
    if (ids.length > 0) await must(engine, 'rm', '--force', ...ids);
    await engine.docker('network', 'rm', ...networkNames);
  };
}

function listen({ port, where }: ListenerSpec): string {
  const own = (family: number) =>
    `$(ip -o -${family} addr show dev eth0 scope global | sed 's/.*inet6* \\([^/]*\\).*/\\1/')`;
  const address = {
    any: `${port}`,
    any4: `0.0.0.0:${port}`,
    loopback: `127.0.0.1:${port}`,
    loopback6: `[::1]:${port}`,
    own: `${own(4)}:${port}`,
    own6: `[${own(6)}]:${port}`,
  }[where];
  return `httpd -p ${address}`;
}

async function must(engine: PrivateEngine, ...args: string[]): Promise<void> {
  const { code, stderr } = await engine.docker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim()}`);
}
