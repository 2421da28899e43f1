// Failures of an engine: each wording that was measured on Docker 26.1 (and, where it says so, read in newer sources) meets its code.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  cleanWords,
  describeCancellation,
  readRefusal,
  translateBreakage,
  translateRefusal,
} from '../../src/engine/docker/translate-errors.ts';
import type { ErrorCode } from '../../src/schemas/error-codes.ts';
import { Failure } from '../../src/schemas/failure.ts';
import fc from '../support/fast-check.ts';

const engine = { name: 'local', endpoint: 'unix:///var/run/docker.sock' };
const id = '2c69784315702253ffa143230d53cb8b28c5ecfb8b6a2afc2231cdaffe9a7e97';
const endpointPrefix =
  'driver failed programming external connectivity on endpoint web (bbd78cc9cfa88cef066e579da0c6e4f44fd220d4c21cb5019d76e9f0af7312b8): ';

const refuse = (status: number, message: string) => translateRefusal({ status, message, isJson: true }, engine);

interface Case {
  status: number;
  message: string;
  code: ErrorCode;
  /** Default: the message itself. */
  detail?: string | RegExp;
  extra?: Record<string, unknown>;
}

const cases: Case[] = [
  {
    status: 500,
    message: 'Could not attach to network mesh: context deadline exceeded',
    code: 'engine_refused',
    detail: 'The swarm gave no place on its network mesh in time',
  },
  {
    status: 500,
    message:
      'attaching to network failed, make sure your network options are correct and check manager logs: context deadline exceeded',
    code: 'engine_refused',
    detail: 'The swarm gave no place on its network in time',
  },
  { status: 404, message: 'No such container: nosuch', code: 'container_not_found' },
  {
    status: 404,
    message: 'No such image: nosuch:latest',
    code: 'image_not_found',
    detail: 'The engine has no image nosuch:latest',
  },
  {
    status: 404,
    message: "pull access denied for nosuch, repository does not exist or may require 'docker login'",
    code: 'image_not_found',
  },
  {
    status: 404,
    message: 'network nosuch not found',
    code: 'network_not_found',
    detail: 'The engine has no network nosuch',
  },
  {
    status: 409,
    message: `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    code: 'name_taken',
    detail: 'The name "web" is already in use by container 2c6978431570',
    extra: { holder: { id } },
  },
  {
    status: 409,
    message: 'network with name lab already exists',
    code: 'name_taken',
    detail: 'The name "lab" is already in use by another network',
  },
  {
    status: 500,
    message: `${endpointPrefix}Bind for 0.0.0.0:18999 failed: port is already allocated`,
    code: 'port_in_use',
    detail: 'Host port 0.0.0.0:18999 is already in use',
    extra: { ip: '0.0.0.0', port: 18999 },
  },
  {
    status: 500,
    message: `${endpointPrefix}Bind for ::1:18997 failed: port is already allocated`,
    code: 'port_in_use',
    extra: { ip: '::1', port: 18997 },
    detail: /::1:18997/,
  },
  {
    status: 500,
    message: `${endpointPrefix}Error starting userland proxy: listen tcp4 127.0.0.1:18999: bind: address already in use`,
    code: 'port_in_use',
    detail: 'Host port 127.0.0.1:18999/tcp is already in use',
    extra: { ip: '127.0.0.1', port: 18999, protocol: 'tcp' },
  },
  {
    status: 500,
    message: `${endpointPrefix}Error starting userland proxy: listen udp6 [::]:53: bind: address already in use`,
    code: 'port_in_use',
    detail: 'Host port [::]:53/udp is already in use',
    extra: { ip: '::', port: 53, protocol: 'udp' },
  },
  {
    // Docker 28.
    status: 500,
    message: `failed to set up container networking: ${endpointPrefix}failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address already in use`,
    code: 'port_in_use',
    extra: { ip: '0.0.0.0', port: 8080, protocol: 'tcp' },
    detail: 'Host port 0.0.0.0:8080/tcp is already in use',
  },
  {
    // Docker 28.2 and 29.
    status: 500,
    message: `failed to set up container networking: ${endpointPrefix}failed to bind host port 127.0.0.1:8080/tcp: address already in use`,
    code: 'port_in_use',
    extra: { ip: '127.0.0.1', port: 8080, protocol: 'tcp' },
    detail: 'Host port 127.0.0.1:8080/tcp is already in use',
  },
  { status: 403, message: 'Address already in use', code: 'address_in_use', detail: /IP address is already in use/ },
  {
    status: 403,
    message: 'Pool overlaps with other one on this address space',
    code: 'address_in_use',
    detail: /subnet overlaps/,
  },
  {
    status: 409,
    message: `container ${id} is not running`,
    code: 'container_not_running',
    detail: 'container 2c6978431570 is not running',
  },
  {
    status: 409,
    message: `cannot kill container: web: container ${id} is not running`,
    code: 'container_not_running',
    detail: /cannot kill container: web/,
  },
  {
    status: 409,
    message: `cannot join network of a non running container: ${id}`,
    code: 'container_not_running',
    detail: 'The container to join, 2c6978431570, is not running',
  },
  { status: 404, message: 'No such exec instance: abc', code: 'container_not_running', detail: /command is gone/ },
  {
    status: 500,
    message: `Container ${id} is not paused`,
    code: 'state_conflict',
    detail: 'Container 2c6978431570 is not paused',
  },
  { status: 409, message: `Container ${id} is already paused`, code: 'state_conflict', detail: /already paused/ },
  { status: 409, message: 'cannot start a paused container, try unpause instead', code: 'state_conflict' },
  { status: 409, message: 'Container web is paused, unpause the container before exec', code: 'state_conflict' },
  {
    status: 409,
    message: 'cannot remove container "/web": container is running: stop the container before removing or force remove',
    code: 'state_conflict',
  },
  { status: 409, message: 'removal of container web is already in progress', code: 'state_conflict' },
  {
    status: 404,
    message: `error while removing network: unknown network lab id ${id}`,
    code: 'network_not_found',
    detail: 'The engine has no network lab any more',
  },
  {
    status: 403,
    message: `error while removing network: network lab id ${id} has active endpoints`,
    code: 'state_conflict',
    detail: /network lab id 2c6978431570 has active endpoints/,
  },
  { status: 400, message: 'conflicting options: hostname and the network mode', code: 'engine_refused' },
  { status: 400, message: 'Minimum memory limit allowed is 6MB', code: 'engine_refused' },
  { status: 403, message: 'bridge is a pre-defined network and cannot be removed', code: 'engine_refused' },
  { status: 500, message: 'unable to find user nouser: no matching entries in passwd file', code: 'engine_refused' },
  {
    status: 500,
    message: `${endpointPrefix}Error starting userland proxy: listen udp4 9.9.9.9:18998: bind: cannot assign requested address`,
    code: 'engine_refused',
    detail: 'listen udp4 9.9.9.9:18998: bind: cannot assign requested address',
  },
  {
    status: 400,
    message:
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nosuchcmd": executable file not found in $PATH: unknown',
    code: 'engine_refused',
    detail: 'exec: "nosuchcmd": executable file not found in $PATH',
  },
  {
    status: 400,
    message:
      'invalid config for network lab: invalid endpoint settings:\n* invalid IPv4 address: bad\n* no configured subnet or ip-range contain the IP address bad',
    code: 'engine_refused',
    detail:
      'invalid config for network lab: invalid endpoint settings: invalid IPv4 address: bad; no configured subnet or ip-range contain the IP address bad',
  },
];

for (const { status, message, code, detail = message, extra = {} } of cases) {
  test(`${status} ${message.slice(0, 90).replace(/\s+/g, ' ')} → ${code}`, () => {
    const failure = refuse(status, message);
    assert.equal(failure.code, code);
    if (typeof detail === 'string') assert.equal(failure.message, detail);
    else assert.match(failure.message, detail);
    assert.deepEqual(failure.extra, extra);
    assert.ok(String(failure.cause).includes(message.trim()), 'the log keeps the whole of what the engine said');
  });
}

test('whatever an engine says, a Failure with words comes out, on one line', () => {
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 599 }), fc.string({ unit: 'grapheme' }), (status, message) => {
      const failure = refuse(status, message);
      assert.ok(failure.message.trim() !== '');
      assert.doesNotMatch(failure.message, /\n/);
      assert.ok(failure.statusCode < 500, 'an engine that answers is not away');
    }),
  );
});

test('cleaned words are not cleaned further', () => {
  fc.assert(fc.property(fc.string(), (words) => assert.equal(cleanWords(cleanWords(words)), cleanWords(words))));
});

test('an error body is JSON of the engine, or words of something in front of it', () => {
  const read = (text: string) => readRefusal(503, Buffer.from(text));
  assert.deepEqual(read('{"message":"no"}'), { status: 503, message: 'no', isJson: true });
  assert.equal(read('{"error":1}').isJson, false);
  assert.equal(read('null').isJson, false);
  const html = read('<html><body><h1>503 Service Unavailable</h1>\nNo server is available.</body></html>');
  assert.match(html.message, /503 Service Unavailable No server/);
  const failure = translateRefusal(html, engine);
  assert.equal(failure.code, 'engine_unavailable');
  assert.equal(failure.retryAfter, 2);
  assert.equal(translateRefusal({ ...html, status: 403 }, engine).code, 'engine_refused');
});

test('an answer whose status is no refusal is one that was damaged', () => {
  for (const status of [0, 1, 100, 200, 600, 904]) {
    const failure = refuse(status, 'no such container: x');
    assert.deepEqual([failure.code, failure.retryAfter], ['engine_unavailable', 2], String(status));
    assert.match(failure.message, new RegExp(`status ${status} `));
  }
  for (const status of [300, 302, 399]) assert.match(refuse(status, 'Moved').message, /is not a Docker Engine/);
});

test('what a connection does wrong is engine_unavailable, with a way out where there is one', () => {
  const breakage = (code: string) => translateBreakage(Object.assign(new Error('x'), { code }), engine, 'ping');
  const expected: Record<string, [RegExp, RegExp | undefined]> = {
    ENOENT: [/no socket at unix:\/\/\/var\/run\/docker.sock/, /Start the Docker Engine/],
    ECONNREFUSED: [/nothing listens/, /Start the Docker Engine/],
    EACCES: [/may not use/, /group.*DOCKER_GID/],
    ENOTFOUND: [/cannot be resolved/, /name/],
    EHOSTUNREACH: [/cannot be reached/, /firewall/],
    ECONNRESET: [/was cut \(ping\)/, /may have happened/],
    EPIPE: [/was cut/, undefined],
    ERR_STREAM_PREMATURE_CLOSE: [/was cut/, undefined],
    HPE_INVALID_CONSTANT: [/is not a Docker Engine/, /plain tcp/],
    EWHATEVER: [/does not answer: x/, undefined],
  };
  for (const [code, [detail, hint]] of Object.entries(expected)) {
    const failure = breakage(code);
    assert.equal(failure.code, 'engine_unavailable', code);
    assert.match(failure.message, detail, code);
    if (hint !== undefined) assert.match(failure.hint ?? '', hint, code);
    assert.equal(failure.retryAfter, 2);
  }
  const failure = new Failure('port_in_use', 'x');
  assert.equal(translateBreakage(failure, engine, 'ping'), failure, 'what was translated once stays so');
});

test("a cancelled call passes the canceller's failure on, and is a time-out else", () => {
  const own = new Failure('shutting_down', 'bye');
  assert.equal(describeCancellation(engine, 'ping', own), own);
  assert.equal(describeCancellation(engine, 'ping', new Error('left')).code, 'engine_timeout');
});
