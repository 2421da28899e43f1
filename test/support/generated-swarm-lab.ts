// Labs by chance on the engines of a swarm: overlays that span them, bridges of each engine's own, containers of all modes, and listeners on whatever
// address. What cannot be is left to the engines: the lab is what comes of it.

import pLimit from 'p-limit';
import fc from './fast-check.ts';
import { managedLabels } from './managed.ts';
import { testLabels } from './run-id.ts';
import type { Swarm, SwarmNode } from './swarm.ts';

const wheres = ['any', 'any4', 'loopback', 'own'] as const;
const ports = [80, 81];

interface SwarmContainerSpec {
  /** Number of its engine. */
  readonly node: number;
  readonly kind: 'closed' | 'bridged' | 'joined' | 'open' | 'host';
  /** Numbers of {@link networkKinds}; it is made on the first. */
  readonly networks: readonly number[];
  readonly target: number;
  readonly listeners: readonly { readonly port: number; readonly where: (typeof wheres)[number] }[];
  readonly published: number;
}

/** The first three are overlays; `lan` is a bridge of each engine, with the same subnet on all. */
const networkKinds = [
  { name: 'one', options: ['--driver', 'overlay', '--attachable'] },
  { name: 'two', options: ['--driver', 'overlay', '--attachable'] },
  { name: 'inner', options: ['--driver', 'overlay', '--attachable', '--internal'] },
  { name: 'lan', options: [] },
] as const;

const isOverlay = (index: number) => networkKinds[index]?.name !== 'lan';

const containerSpec = (nodes: number): fc.Arbitrary<SwarmContainerSpec> =>
  fc.record({
    node: fc.nat(nodes - 1),
    kind: fc.constantFrom('bridged', 'bridged', 'bridged', 'open', 'open', 'joined', 'closed', 'host'),
    networks: fc.uniqueArray(fc.nat(networkKinds.length - 1), { minLength: 1, maxLength: 2 }),
    target: fc.nat(),
    listeners: fc.array(fc.record({ port: fc.constantFrom(...ports), where: fc.constantFrom(...wheres) }), {
      minLength: 1,
      maxLength: 2,
    }),
    published: fc.constantFrom(...ports),
  });

/** As many containers, and on each engine one that listens on the first overlay. */
export function drawSwarmLab(size: number, nodes: number, seed: number): SwarmContainerSpec[] {
  const sure = Array.from(
    { length: nodes },
    (_, node): SwarmContainerSpec => ({
      node,
      kind: 'bridged',
      networks: [0],
      target: 0,
      listeners: [{ port: 80, where: 'any' }],
      published: 80,
    }),
  );
  return [...sure, ...fc.sample(containerSpec(nodes), { numRuns: size, seed })];
}

/** Makes the lab; answers what removes it. `firstPort`: the first host port that may be published. */
export async function makeSwarmLab(
  swarm: Swarm,
  specs: readonly SwarmContainerSpec[],
  { name, firstPort }: { name: string; firstPort: number },
): Promise<() => Promise<void>> {
  const labels = Object.entries({ ...managedLabels, ...testLabels, 'io.terrarium.lab': name }).flatMap(
    ([key, value]) => ['--label', `${key}=${value}`],
  );
  const networkOf = (index: number) => `${name}-${networkKinds[index]?.name}`;
  const nameOf = (index: number) => `${name}-${index}`;
  for (const [index, { options }] of networkKinds.entries())
    for (const node of isOverlay(index) ? [swarm.manager] : swarm.nodes) {
      const subnet = isOverlay(index) ? [] : ['--subnet', '172.30.0.0/24'];
      await must(node, 'network', 'create', ...labels, ...options, ...subnet, networkOf(index));
    }

  async function make(spec: SwarmContainerSpec, index: number): Promise<void> {
    const node = swarm.nodes[spec.node];
    if (node === undefined) return;
    const [first = 0, ...others] = spec.networks;
    const onNetwork = ['--network', networkOf(first)];
    // Only a container of the same engine can be joined.
    const targets = specs.flatMap((one, at) => (at < index && one.node === spec.node ? [at] : []));
    const target = targets[spec.target % Math.max(1, targets.length)];
    const attachment = {
      closed: ['--network', 'none'],
      host: ['--network', 'host'],
      joined: ['--network', target === undefined ? 'none' : `container:${nameOf(target)}`],
      bridged: onNetwork,
      open: [...onNetwork, '--publish', `${firstPort + index}:${spec.published}`],
    }[spec.kind];
    const isAmongOthers = spec.kind === 'joined' || spec.kind === 'host';
    const listeners = spec.listeners.map((one) =>
      isAmongOthers ? { ...one, port: one.port + 10_000 + 10 * index } : one,
    );
    const command = [...listeners.map(listen), 'exec sleep 3600'].join('; ');
    const args = [
      '--detach',
      '--name',
      nameOf(index),
      ...labels,
      '--init',
      ...attachment,
      'busybox:latest',
      'sh',
      '-c',
      command,
    ];
    const { code } = await node.engine.docker('run', ...args);
    if (code !== 0 || isAmongOthers || spec.kind === 'closed') return;
    for (const other of others) await node.engine.docker('network', 'connect', networkOf(other), nameOf(index));
  }

  // Whoever joins comes after whom it joins.
  const limit = pLimit(3);
  const isJoined = ({ kind }: SwarmContainerSpec) => kind === 'joined';
  await Promise.all(specs.map((spec, index) => (isJoined(spec) ? undefined : limit(() => make(spec, index)))));
  for (const [index, spec] of specs.entries()) if (isJoined(spec)) await make(spec, index);

  return async () => {
    for (const node of swarm.nodes) {
      const { stdout } = await node.engine.docker(
        'ps',
        '--all',
        '--quiet',
        '--filter',
        `label=io.terrarium.lab=${name}`,
      );
      const ids = stdout.split('\n').filter((line) => line !== '');
      if (ids.length > 0) await must(node, 'rm', '--force', ...ids);
    }
    // The manager hears of the workers' containers a moment later; the engines end with the test in any case.
    for (const node of swarm.nodes)
      await node.engine.docker('network', 'rm', ...networkKinds.map((_, at) => networkOf(at)));
  };
}

function listen({ port, where }: SwarmContainerSpec['listeners'][number]): string {
  const own = "$(ip -o -4 addr show dev eth0 scope global | sed 's/.*inet \\([^/]*\\).*/\\1/')";
  const address = { any: `${port}`, any4: `0.0.0.0:${port}`, loopback: `127.0.0.1:${port}`, own: `${own}:${port}` }[
    where
  ];
  return `httpd -p ${address}`;
}

async function must({ engine }: SwarmNode, ...args: string[]): Promise<void> {
  const { code, stderr } = await engine.docker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim()}`);
}
