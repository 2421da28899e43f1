// The lines of `docker port` and their order. The engine test compares them with the real command.
import assert from 'node:assert/strict';
import test from 'node:test';
import { renderDockerPort, sortLivePorts } from '../../src/domain/ports/docker-port.ts';

const live = (containerPort: number, hostIp: string, hostPort: number, protocol: 'tcp' | 'udp' | 'sctp' = 'tcp') => ({
  containerPort,
  protocol,
  hostIp,
  hostPort,
});

test('numbers by value, IPv4 before IPv6, tcp before udp', () => {
  const ports = [
    live(443, '::', 32_770),
    live(80, '::', 32_768),
    live(443, '0.0.0.0', 32_769, 'udp'),
    live(443, '0.0.0.0', 32_769),
    live(80, '127.0.0.1', 9),
    live(80, '0.0.0.0', 32_768),
    live(80, '0.0.0.0', 9999),
  ];
  assert.equal(
    renderDockerPort(ports),
    [
      '80/tcp -> 0.0.0.0:9999',
      '80/tcp -> 0.0.0.0:32768',
      '80/tcp -> 127.0.0.1:9',
      '80/tcp -> [::]:32768',
      '443/tcp -> 0.0.0.0:32769',
      '443/tcp -> [::]:32770',
      '443/udp -> 0.0.0.0:32769',
      '',
    ].join('\n'),
  );
});

test('addresses in natural order, and the input left as it was', () => {
  const ports = [live(1, '10.0.0.20', 1), live(1, '10.0.0.3', 1), live(1, 'fd00::1a', 1), live(1, '::1', 1)];
  const before = structuredClone(ports);
  assert.deepEqual(
    sortLivePorts(ports).map(({ hostIp }) => hostIp),
    ['10.0.0.3', '10.0.0.20', '::1', 'fd00::1a'],
  );
  assert.deepEqual(ports, before);
});

test('nothing published is nothing printed', () => {
  assert.equal(renderDockerPort([]), '');
});
