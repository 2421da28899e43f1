// The strings of `docker run -p`, example by example. That they are what the real CLI says is the differential test's affair.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePortMappings, toDockerPorts } from '../../src/domain/ports/port-mapping.ts';
import { Failure } from '../../src/schemas/failure.ts';

/** `hostIp|hostPort|containerPort/protocol` of every binding. */
const read = (...specs: string[]) =>
  parsePortMappings(specs).map(
    ({ hostIp, hostPort, containerPort, protocol }) => `${hostIp}|${hostPort}|${containerPort}/${protocol}`,
  );

function failureOf(...specs: string[]): Failure {
  try {
    parsePortMappings(specs);
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error;
  }
  assert.fail(`${JSON.stringify(specs)} was taken`);
}

describe('what is taken', () => {
  const taken: Record<string, string[]> = {
    // the four forms of the lecture
    '3333': ['||3333/tcp'],
    '3333:4444': ['|3333|4444/tcp'],
    '192.168.0.32::2222': ['192.168.0.32||2222/tcp'],
    '192.168.0.32:1111:2222': ['192.168.0.32|1111|2222/tcp'],
    // protocols
    '53/udp': ['||53/udp'],
    '53:53/UDP': ['|53|53/udp'],
    '9:9/sCtP': ['|9|9/sctp'],
    '80/': ['||80/tcp'],
    '80/tcp/udp': ['||80/tcp'],
    // ranges
    '80-82': ['||80/tcp', '||81/tcp', '||82/tcp'],
    '8000-8001:80-81/udp': ['|8000|80/udp', '|8001|81/udp'],
    '8000-8010:80': ['|8000-8010|80/tcp'],
    '8000-8000:80': ['|8000|80/tcp'],
    '0-5:80': ['|0-5|80/tcp'],
    '80-81-x': ['||80/tcp', '||81/tcp'],
    '127.0.0.1:8000-8001:80-81': ['127.0.0.1|8000|80/tcp', '127.0.0.1|8001|81/tcp'],
    // addresses
    '[::1]:80:81': ['::1|80|81/tcp'],
    '[2001:db8::5]::81/udp': ['2001:db8::5||81/udp'],
    '[127.0.0.1]:80:81': ['127.0.0.1|80|81/tcp'],
    '[::ffff:1.2.3.4]::81': ['::ffff:1.2.3.4||81/tcp'],
    '0.0.0.0:80:81': ['0.0.0.0|80|81/tcp'],
    // empty parts and zeros
    ':80': ['||80/tcp'],
    '::80': ['||80/tcp'],
    '[]::80': ['||80/tcp'],
    ':8080:80': ['|8080|80/tcp'],
    '0:80': ['|0|80/tcp'],
    '008080:0080': ['|8080|80/tcp'],
    '65535:65535': ['|65535|65535/tcp'],
    // the CLI's named form
    'published=8080,target=80': ['|8080|80/tcp'],
    'target=53,protocol=UDP,mode=host': ['||53/udp'],
    'target=80,published=127.0.0.1:8080': ['127.0.0.1|8080|80/tcp'],
    'target=1,target=2,protocol=': ['||2/tcp'],
  };
  for (const [spec, bindings] of Object.entries(taken)) {
    test(spec, () => assert.deepEqual(read(spec), bindings));
  }

  test('several at once keep their order, duplicates included', () => {
    assert.deepEqual(read('80', '81:81/udp', '80'), ['||80/tcp', '|81|81/udp', '||80/tcp']);
    assert.deepEqual(read(), []);
  });

  test('every port there is', () => {
    const all = parsePortMappings(['1-65535:1-65535/udp']);
    assert.equal(all.length, 65_535);
    assert.deepEqual(all.at(-1), { containerPort: 65_535, protocol: 'udp', hostIp: '', hostPort: '65535' });
  });
});

describe('what is refused, and why', () => {
  const refused: Record<string, RegExp> = {
    '': /no container port/,
    ':': /no container port/,
    '80:': /no container port/,
    '/tcp': /no container port/,
    '0': /container port 0/,
    '8080:0/udp': /container port 0/,
    '0-3': /container port 0/,
    '65536': /"65536" is not a container port/,
    '80:65536': /"65536" is not a container port/,
    '65536:80': /"65536" is not a host port/,
    '99999999999999999999': /not a container port/,
    '-80': /not a container port/,
    '+80': /not a container port/,
    '8_0': /not a container port/,
    '0x50': /not a container port/,
    '80.0': /not a container port/,
    '٨٠': /not a container port/,
    ' 80': /not a container port/,
    '80 ': /not a container port/,
    '80\n': /not a container port/,
    '80-': /not a container port/,
    '82-80': /not a container port/,
    http: /not a container port/,
    '82-80:80': /"82-80" is not a host port/,
    '80-82:80-81': /differ in size/,
    '8000:80-81': /differ in size/,
    '80/icmp': /"icmp" is not a protocol/,
    '80/tcp ': /not a protocol/,
    '127.0.0.1:80': /"127.0.0.1" is an address where a host port belongs/,
    'localhost:80:80': /"localhost" is not an IP address/,
    '80:80:80': /"80" is not an IP address/,
    '127.0.0.01:80:80': /not an IP address/,
    '256.0.0.1:80:80': /not an IP address/,
    '127.0.0.1/8:80:80': /not an IP address/,
    '1.2.3:80:80': /not an IP address/,
    '::1:80:80': /not in brackets/,
    '[::1:80:80': /not an IP address/,
    '[::1]:80': /not an IP address|not a host port/,
    '[fe80::1%eth0]:80:80': /not an IP address/,
    '[[::1]]:80:80': /not an IP address/,
    'x[::1]:80:80': /not an IP address/,
    '1::2::3::80': /not an IP address/,
    target: /not a container port/,
    'target=80,udp': /"udp" is not name=value/,
    '=80': /"=80" is not name=value/,
    'published=80': /no container port/,
    'target=0': /container port 0/,
  };
  for (const [spec, reason] of Object.entries(refused)) {
    test(JSON.stringify(spec), () => {
      const failure = failureOf(spec);
      assert.equal(failure.code, 'invalid_request');
      assert.match(failure.message, reason);
      assert.ok(failure.message.includes(JSON.stringify(spec)), failure.message);
    });
  }

  test('names the one at fault among several, and the four forms', () => {
    const failure = failureOf('80:80', '81', 'web');
    assert.equal(failure.field, 'ports[2]');
    assert.match(
      failure.hint ?? '',
      /containerPort, hostPort:containerPort, ip::containerPort or ip:hostPort:containerPort/,
    );
  });

  test('an address without a second colon, and an IPv6 address without brackets, are told how to be written', () => {
    assert.match(failureOf('127.0.0.1:80').hint ?? '', /ip::containerPort/);
    assert.match(failureOf('::1:80:80').hint ?? '', /\[::1\]/);
  });

  test('a long string is not repeated whole', () => {
    assert.ok(failureOf('9'.repeat(100_000)).message.length < 300);
  });

  test('a flood of ranges ends before memory does', () => {
    const failure = failureOf('1-65535', '1-65535', '1-65535', '1-2');
    assert.equal(failure.field, 'ports[3]');
    assert.match(failure.message, /more than 196605 bindings/);
  });
});

describe("Docker's own JSON", () => {
  test('sorted as the CLI sends it', () => {
    assert.deepEqual(
      JSON.stringify(toDockerPorts(parsePortMappings(['9', '127.0.0.1:80:80', '53/udp', '8000-8001:80']))),
      JSON.stringify({
        ExposedPorts: { '53/udp': {}, '80/tcp': {}, '9/tcp': {} },
        PortBindings: {
          '53/udp': [{ HostIp: '', HostPort: '' }],
          '80/tcp': [
            { HostIp: '127.0.0.1', HostPort: '80' },
            { HostIp: '', HostPort: '8000-8001' },
          ],
          '9/tcp': [{ HostIp: '', HostPort: '' }],
        },
      }),
    );
    assert.deepEqual(toDockerPorts([]), { ExposedPorts: {}, PortBindings: {} });
  });
});
