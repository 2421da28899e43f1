// Facts of a container for unit tests: a running one on docker0 unless told otherwise.
import type { ContainerFacts, EndpointFacts } from '../../src/domain/container/facts.ts';

/** A full id that begins with `prefix`. */
export function idOf(prefix: string): string {
  return Buffer.from(prefix).toString('hex').padEnd(64, '0');
}

export function endpointFacts(overrides: Partial<EndpointFacts> = {}): EndpointFacts {
  return {
    network: 'bridge',
    networkId: idOf('net-bridge'),
    ipv4: '172.17.0.2',
    prefix: 16,
    gateway: '172.17.0.1',
    ipv6: '',
    prefix6: 0,
    gateway6: '',
    mac: '02:42:ac:11:00:02',
    aliases: [],
    ...overrides,
  };
}

export function containerFacts(name: string, overrides: Partial<ContainerFacts> = {}): ContainerFacts {
  return {
    id: idOf(name),
    name,
    image: 'busybox:latest',
    imageId: 'sha256:0',
    command: ['sh'],
    state: 'running',
    pid: 4242,
    exitCode: 0,
    missedTarget: false,
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: '2026-01-01T00:00:01Z',
    finishedAt: null,
    networkMode: 'default',
    pidMode: '',
    sandboxKey: '/var/run/docker/netns/0',
    memoryLimit: 0,
    hostname: name,
    tty: true,
    openStdin: true,
    autoRemove: false,
    privileged: false,
    capAdd: [],
    labels: {},
    portBindings: [],
    publishAll: false,
    exposedPorts: [],
    ports: [],
    endpoints: [endpointFacts()],
    ...overrides,
  };
}

/** A lookup by id, then by name, over these facts. */
export function lookupIn(all: readonly ContainerFacts[]): (ref: string) => ContainerFacts | undefined {
  return (ref) => all.find(({ id }) => id === ref) ?? all.find(({ name }) => name === ref);
}
