// Engines of a test's own on one switch, joined into a Docker Swarm: the first is its manager, the others are workers. Each is another machine as far as
// networks go. There is no IPVS here, so the VIP of a service answers nobody, and all engines have this machine's host name: tell nodes apart by id.
import type { Config } from '../../src/config.ts';
import { defer } from './defer.ts';
import { type Cleanup, runCommand } from './engine.ts';
import { holdNamespaces } from './held-namespaces.ts';
import type { Place } from './outside-client.ts';
import { type PrivateEngine, type PrivateEngineOptions, startPrivateEngine } from './private-engine.ts';

export interface SwarmNode {
  /** What {@link Swarm.engines} calls it: `manager`, `worker`, `worker2`, … */
  readonly name: string;
  readonly engine: PrivateEngine;
  /** On the switch; what it publishes is reached here by the other nodes. */
  readonly address: string;
  /** The swarm's own name for it. */
  readonly id: string;
}

export interface Swarm {
  readonly nodes: readonly SwarmNode[];
  readonly manager: SwarmNode;
  /** The first worker. */
  readonly worker: SwarmNode;
  /** All of them, for `startApp(t, { config: { engines: swarm.engines } })`. */
  readonly engines: Config['engines'];
  /** A client beyond all nodes, on their switch, with the address {@link outsideAddress}. */
  readonly outside: Place;
}

/** TEST-NET-1: nothing routes it any further. */
const nodeAddress = (index: number) => `192.0.2.${index + 1}`;
export const outsideAddress = '192.0.2.254';

/**
 * Starts the engines and joins them, about 3 s, and takes all away after the test. When a swarm is to be restarted (`node.engine.restart()`), restart
 * the manager first and then the workers: a manager that comes back alone takes more than a minute to be heard by them.
 */
export async function startSwarm(
  cleanup: Cleanup,
  { nodes: size = 2, ...options }: PrivateEngineOptions & { nodes?: number } = {},
): Promise<Swarm> {
  const wire = await holdNamespaces(
    [
      'ip link set lo up',
      'ip link add name wire type bridge',
      `ip address add ${outsideAddress}/24 dev wire`,
      'ip link set wire up',
      'echo ready',
      'exec cat',
    ].join(' && '),
    'a switch',
  );
  defer(cleanup, () => wire.release());
  const engines = await Promise.all(
    Array.from({ length: size }, () => startPrivateEngine(cleanup, { image: 'busybox:latest', ...options })),
  );
  for (const [index, engine] of engines.entries()) await plug(engine, index, wire.pid);

  const [first, ...others] = engines;
  if (first === undefined) throw new Error('a swarm has a manager at least');
  await must(first, 'swarm', 'init', '--advertise-addr', nodeAddress(0));
  const token = await must(first, 'swarm', 'join-token', '--quiet', 'worker');
  for (const [index, engine] of others.entries())
    await must(
      engine,
      ...['swarm', 'join', '--token', token, '--advertise-addr', nodeAddress(index + 1), `${nodeAddress(0)}:2377`],
    );
  const nodes: SwarmNode[] = [];
  for (const [index, engine] of engines.entries())
    nodes.push({
      name: index === 0 ? 'manager' : index === 1 ? 'worker' : `worker${index}`,
      engine,
      address: nodeAddress(index),
      id: await must(engine, 'info', '--format', '{{.Swarm.NodeID}}'),
    });
  const [manager, worker = manager] = nodes as [SwarmNode, ...SwarmNode[]];
  return {
    nodes,
    manager,
    worker,
    engines: nodes.map(({ name, engine }) => ({ name, endpoint: engine.host, insecure: false })),
    outside: ['nsenter', '--target', String(wire.pid), '--net', '--'],
  };
}

/** A cable from the engine's host to the switch. */
async function plug(engine: PrivateEngine, index: number, switchPid: number): Promise<void> {
  const port = `port${index + 1}`;
  const cable = ['link', 'add', port, 'netns', String(switchPid), 'type', 'veth'];
  await ip([...cable, 'peer', 'name', 'uplink', 'netns', String(engine.pid)]);
  await ip(['link', 'set', port, 'master', 'wire', 'up'], switchPid);
  await ip(['address', 'add', `${nodeAddress(index)}/24`, 'dev', 'uplink'], engine.pid);
  await ip(['link', 'set', 'uplink', 'up'], engine.pid);
}

async function ip(args: string[], pid?: number): Promise<void> {
  const [program = 'ip', ...rest] =
    pid === undefined ? ['ip', ...args] : ['nsenter', '--target', String(pid), '--net', '--', 'ip', ...args];
  const { code, stderr } = await runCommand(program, rest);
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}

async function must(engine: PrivateEngine, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await engine.docker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim()}`);
  return stdout.trim();
}
