// Who holds a host port, from facts alone. That the engine agrees on what is in the way of what, the engine test shows.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LivePort, PortBinding } from '../../src/domain/container/facts.ts';
import { expandHostPorts, findPortHolders, findSelfConflict } from '../../src/domain/ports/holder.ts';
import { containerFacts } from '../support/container-facts.ts';

const live = (hostIp: string, hostPort: number, protocol: LivePort['protocol'] = 'tcp'): LivePort => ({
  containerPort: 80,
  protocol,
  hostIp,
  hostPort,
});
const binding = (hostIp: string, hostPort: string, protocol: PortBinding['protocol'] = 'tcp'): PortBinding => ({
  containerPort: 80,
  protocol,
  hostIp,
  hostPort,
});

const web = containerFacts('web', { ports: [live('0.0.0.0', 8080), live('::', 8080)] });
const local = containerFacts('local', {
  ports: [live('127.0.0.1', 9000), live('::1', 9001), live('0.0.0.0', 53, 'udp')],
});
const next = containerFacts('next', { ports: [live('0.0.0.0', 8082)] });
const all = [next, local, web];
const namesOf = (hostIp: string, hostPort: string, protocol: LivePort['protocol'] = 'tcp') =>
  findPortHolders({ hostIp, hostPort, protocol }, all).holders.map(({ container }) => container.name);

describe('the container in the way', () => {
  const cases: [string, string, LivePort['protocol'], string[]][] = [
    ['', '8080', 'tcp', ['web']],
    ['0.0.0.0', '8080', 'tcp', ['web']],
    ['127.0.0.1', '8080', 'tcp', ['web']],
    ['::1', '8080', 'tcp', ['web']],
    ['', '8080', 'udp', []],
    ['', '8081', 'tcp', []],
    ['', '9000', 'tcp', ['local']],
    ['127.0.0.1', '9000', 'tcp', ['local']],
    ['::ffff:127.0.0.1', '9000', 'tcp', ['local']],
    ['127.0.0.2', '9000', 'tcp', []],
    ['::', '9000', 'tcp', []],
    ['::', '9001', 'tcp', ['local']],
    ['0:0:0:0:0:0:0:1', '9001', 'tcp', ['local']],
    ['0.0.0.0', '9001', 'tcp', []],
    ['', '53', 'udp', ['local']],
    ['', '', 'tcp', []],
    ['', '0', 'tcp', []],
    ['', '8080-8082', 'tcp', ['web', 'next']],
    ['::', '8080-8082', 'tcp', ['web']],
  ];
  for (const [hostIp, hostPort, protocol, names] of cases) {
    test(`${hostIp || 'any address'} ${hostPort || 'any port'}/${protocol}: ${names.join(', ') || 'nobody'}`, () => {
      assert.deepEqual(namesOf(hostIp, hostPort, protocol), names);
    });
  }

  test('comes with the publication that is in the way', () => {
    const [holder] = findPortHolders({ hostIp: '::', hostPort: '8080', protocol: 'tcp' }, all).holders;
    assert.deepEqual(holder, { container: web, port: live('::', 8080) });
  });
});

test('containers in the host’s namespace are candidates: their ports are not known to Docker', () => {
  const inHost = containerFacts('in-host', { networkMode: 'host' });
  const joined = containerFacts('joined', { networkMode: `container:${inHost.id}` });
  const stopped = containerFacts('stopped', { networkMode: 'host', state: 'exited' });
  const search = findPortHolders({ hostIp: '', hostPort: '5000', protocol: 'tcp' }, [...all, inHost, joined, stopped]);
  assert.deepEqual(search.holders, []);
  assert.deepEqual(
    search.candidates.map(({ name }) => name),
    ['in-host', 'joined'],
  );
  assert.deepEqual(findPortHolders({ hostIp: '', hostPort: '', protocol: 'tcp' }, [inHost]).candidates, []);
});

test('two mappings of one container that want the same host port', () => {
  const conflict = [binding('', '80'), binding('127.0.0.1', '80')] as const;
  assert.deepEqual(findSelfConflict([binding('', '81'), ...conflict]), conflict);
  assert.equal(findSelfConflict([binding('127.0.0.1', '80'), binding('127.0.0.2', '80'), binding('::', '80')]), null);
  assert.equal(findSelfConflict([binding('', '80'), binding('', '80', 'udp')]), null);
  assert.equal(findSelfConflict([binding('', ''), binding('', ''), binding('', '0'), binding('', '0')]), null);
  assert.equal(findSelfConflict([binding('', '80-90'), binding('', '80-90')]), null);
});

test('the ports a host port may become', () => {
  assert.deepEqual(expandHostPorts('80'), [80]);
  assert.deepEqual(expandHostPorts('80-83'), [80, 81, 82, 83]);
  assert.deepEqual(expandHostPorts(''), []);
  assert.deepEqual(expandHostPorts('0'), []);
  assert.deepEqual(expandHostPorts('x'), []);
  assert.deepEqual(expandHostPorts('9-8'), []);
});
