// Every route under requests made up from the server's own OpenAPI document: as they should be, with one thing wrong, and wild ones down to single
// bytes. Whatever comes is answered in time, refused as a problem document, and never a mistake of the server; what is refused changes nothing on the
// engine; what succeeds is what the document says. TERRARIUM_SWEEP=1 makes 20,000 of them; a failure names its seed and the request.
import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { after, test } from 'node:test';
import {
  callDocker,
  createTestContainer,
  createTestNetwork,
  removeContainer,
  removeNetwork,
} from '../support/engine.ts';
import { compareInventories, type Inventory, takeInventory } from '../support/engine-inventory.ts';
import fc from '../support/fast-check.ts';
import { differentialRun, forEachParallel } from '../support/generated-strings.ts';
import { managedLabels } from '../support/managed.ts';
import {
  type Document,
  fits,
  type Hints,
  inline,
  type MadeRequest,
  type Operation,
  readOperations,
  requestsOf,
  toBytes,
} from '../support/openapi-requests.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { type Exchange, exchange } from '../support/raw-exchange.ts';
import type { Schema } from '../support/schema-values.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { cases, seed } = differentialRun(isSweep ? 20_000 : 300);
const wildCases = isSweep ? 3_000 : 120;
/** Requests under way at a time, and between two looks at the engine. */
const width = 6;
const batchSize = 60;
/** Bytes that a sweep may leave in the server's memory. */
const growthBound = 100e6;

interface World {
  readonly server: ServerProcess;
  readonly document: Document;
  readonly operations: readonly Operation[];
  /** Names of what is there. */
  readonly managed: string;
  readonly victim: string;
  readonly foreign: string;
  readonly network: string;
  readonly always: Readonly<Record<string, string>>;
}

/** An engine of its own: nobody else makes anything there, so every change has one cause. */
async function makeWorld(): Promise<World> {
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest' });
  process.env.DOCKER_HOST = engine.host;
  const labels = managedLabels;
  const web = ['sh', '-c', 'httpd -p 80; exec sleep 3600'];
  const { name: managed } = await createTestContainer({ after }, { body: { Cmd: web, Labels: labels } });
  const { name: victim } = await createTestContainer({ after }, { body: { Labels: labels } });
  const { name: foreign } = await createTestContainer({ after });
  const { name: network } = await createTestNetwork({ after }, { body: { Labels: labels } });
  const server = await startServerProcess(
    { after },
    {
      env: {
        TERRARIUM_LOG_LEVEL: 'info',
        TERRARIUM_REGISTRIES: 'registry.invalid',
        TERRARIUM_RATE_LIMIT: '100000',
      },
    },
  );
  const always = { host: new URL(server.url).host, authorization: server.headers.authorization };
  const document = await (await fetch(`${server.url}/openapi.json`, server)).json();
  return { server, document, operations: readOperations(document), managed, victim, foreign, network, always };
}

const world = skip === false ? await makeWorld() : undefined;

/** What costs the engine a helper, a process or a restart is asked for less often. */
const isCostly = ({ path, method }: Operation) =>
  /reachability|\/path$|daemon-config$|namespaces|netstat|ifconfig|\/(exec|start|stop|restart|rejoin|pause|unpause)$/.test(
    path,
  ) ||
  (method === 'DELETE' && path.includes('{'));

function hintsFor({ managed, victim, foreign, network }: World): Hints {
  return ({ method, path }, name, place) => {
    if (place === 'path' && name === 'id') {
      if (path.includes('namespaces/{id}')) return ['local~host', 'local~0~0', 'nowhere~host'];
      if (method === 'DELETE') return [foreign, 'no-such-thing'];
      if (method !== 'GET') return [victim, 'no-such-thing', 'no-such-thing', foreign];
      return isCostly({ method, path } as Operation)
        ? [managed, 'no-such-thing', 'no-such-thing', foreign]
        : [managed, foreign];
    }
    if (place === 'path' && name === 'name') {
      if (path.includes('/networks'))
        return method === 'DELETE' ? ['bridge', 'host', 'no-such-thing'] : [network, 'bridge'];
      if (path.includes('/engines')) return ['local', 'nowhere'];
      if (path.includes('/lessons')) return ['closed', 'joined', 'none'];
      return ['no-such-lab', 'fuzzed'];
    }
    if (place === 'path' && name === 'port') return ['80', '443'];
    if (name === 'engine') return ['local', 'local', 'local', 'nowhere'];
    if (name === 'verify') return ['false'];
    if (name === 'from') return ['outside', 'host', managed];
    if (place === 'body' && name === 'target') return [managed];
    if (place === 'body' && name === 'network') return ['bridge', network];
    if (place === 'body' && name === 'container') return [victim, foreign];
    return [];
  };
}

/** What may be refused is sent as it is; what may be done is done as a dry run, or not at all. */
function tame(request: MadeRequest): MadeRequest | null {
  if (request.isValid === false) return request;
  if (request.operation.startsWith('PUT ')) return null;
  if (/^POST \/api\/v1\/(containers\/(closed|bridged|joined|open)|networks)$/.test(request.operation)) {
    const [path = '', query = ''] = request.target.split('?', 2);
    const others = query.split('&').filter((one) => one !== '' && !/^dryRun/i.test(one));
    return { ...request, target: `${path}?${[...others, 'dryRun=true'].join('&')}`, isValid: request.isValid };
  }
  // A prefix of an id would be one of ours.
  if (request.method === 'DELETE' && /\/[0-9a-f]+(\?|$)/i.test(request.target)) return null;
  return request;
}

/** Does what was answered mean that something may have changed? */
function mayHaveChanged({ method, operation, target }: MadeRequest, { status }: Exchange): boolean {
  if (status >= 400 || method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return false;
  return !target.includes('dryRun=true') && !/login|tickets|plan$|check$/.test(operation);
}

class Judge {
  readonly #world: World;
  readonly #codes: ReadonlySet<string>;
  readonly #problem: Schema;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly counts = new Map<number, number>();
  readonly succeeded = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    const { Problem } = world.document.components.schemas;
    this.#codes = new Set(Problem.properties.code.enum);
    this.#problem = inline(Problem, world.document) as Schema;
    this.#operations = new Map(world.operations.map((one) => [`${one.method} ${one.path}`, one]));
  }

  /** What is wrong with the answer, or null. */
  judge(request: MadeRequest, answer: Exchange): string | null {
    const { status, headers, body, end } = answer;
    this.counts.set(status, (this.counts.get(status) ?? 0) + 1);
    if (status === 0) return mayGoUnanswered(request) ? null : 'the connection was closed without an answer';
    if (end === 'cut' && !mayGoUnanswered(request)) return `the answer (${status}) was cut`;
    const { 'x-injected': injected } = headers;
    if (injected !== undefined) return 'a header was injected';
    const text = body.toString();
    if (text.includes(this.#world.server.headers.authorization.slice(7)) && !request.operation.includes('login'))
      return 'the answer holds the token';
    if (status === 500 || status === 501 || status === 502) return `${status}: ${text.slice(0, 300)}`;
    if (status === 101) return 'the connection was upgraded';
    if (status >= 400) return this.#judgeRefusal(request, answer, text);
    if (request.isValid === false) return `${status} for what the document does not allow: ${text.slice(0, 300)}`;
    return request.isValid === true ? this.#judgeSuccess(request, answer, text) : null;
  }

  #judgeRefusal(request: MadeRequest, { status, headers }: Exchange, text: string): string | null {
    if (request.method === 'HEAD') return null;
    if (request.operation.endsWith(' /readyz') && status === 503) return null;
    if (!/^application\/problem\+json/.test(headers['content-type'] ?? ''))
      return `${status} comes as ${headers['content-type']}: ${text.slice(0, 200)}`;
    const problem = JSON.parse(text);
    if (problem.status !== status || !this.#codes.has(problem.code) || !fits(this.#problem, problem))
      return `${status} is no problem document: ${text.slice(0, 300)}`;
    if (typeof problem.detail !== 'string' || problem.detail.length < 5) return `${status} says nothing: ${text}`;
    const operation = this.#operations.get(request.operation);
    if (request.isValid === true && operation?.answers.has(String(status)) === false)
      return `${status} ${problem.code} is not documented`;
    return null;
  }

  #judgeSuccess(request: MadeRequest, { status, headers, end }: Exchange, text: string): string | null {
    const answers = this.#operations.get(request.operation)?.answers;
    const documented = answers?.get(String(status));
    if (documented === undefined) return `${status} is not documented`;
    this.succeeded.add(request.operation);
    const [type = ''] = (headers['content-type'] ?? '').split(';');
    const schema = documented[type];
    if (type !== '' && schema === undefined && Object.keys(documented).length > 0)
      return `${status} comes as ${type}, documented are ${Object.keys(documented)}`;
    if (schema === undefined || end !== 'whole' || !/json$/.test(type) || /ndjson/.test(type)) return null;
    return fits(schema, JSON.parse(text)) ? null : `the answer is not what the document says: ${text.slice(0, 400)}`;
  }
}

/** Who cuts a request off, or sends more than is taken, may find the connection closed before the answer could be read. */
function mayGoUnanswered({ about }: MadeRequest): boolean {
  return /cut off|more than a megabyte|beyond/.test(about);
}

function describeRequest(request: MadeRequest): string {
  const { method, target, headers, body, about, isValid } = request;
  const [size, text] = [body?.length ?? 0, body?.toString().slice(0, 300) ?? ''];
  return `${method} ${target.slice(0, 300)} ${JSON.stringify(headers).slice(0, 300)} (${size}) ${text}\n    (${about}; valid: ${isValid})`;
}

async function readMemory(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function countSockets(pid: number): Promise<number> {
  const names = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.filter((link) => link.startsWith('socket:')).length;
}

/** Lines of the log, each whole, and none of a mistake. */
function judgeLog(server: ServerProcess): void {
  const lines = server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  for (const line of lines) {
    const entry = JSON.parse(line);
    assert.ok(entry.level < 50, `the server logged a mistake: ${line.slice(0, 2_000)}`);
  }
}

/** Whatever was made goes, and what the tests rest on runs. */
async function restoreWorld({ managed, victim, foreign, network }: World): Promise<void> {
  const kept = new Set([managed, victim, foreign].map((name) => `/${name}`));
  const list = await callDocker<{ Id: string; Names: string[]; Labels: Record<string, string> }[]>(
    'GET',
    '/containers/json?all=1',
  );
  for (const { Id, Names, Labels } of list)
    if (!kept.has(Names[0] ?? '') && Labels['io.terrarium.role'] === undefined) await removeContainer(Id);
  for (const { Id, Name } of await callDocker<{ Id: string; Name: string }[]>('GET', '/networks'))
    if (!['bridge', 'host', 'none', network].includes(Name)) await removeNetwork(Id);
  for (const name of [managed, victim, foreign]) {
    const { State } = await callDocker('GET', `/containers/${name}/json`);
    if (State.Paused) await callDocker('POST', `/containers/${name}/unpause`);
    else if (!State.Running) await callDocker('POST', `/containers/${name}/start`);
  }
}

test('whatever is asked of any route is answered as the document says, and what is refused changes nothing', {
  skip,
  timeout: 3_000_000,
}, async (t) => {
  assert.ok(world);
  const { server, operations, always } = world;
  const hints = hintsFor(world);
  const anyRequest = fc.oneof(
    ...operations.map((operation) => ({
      weight: isCostly(operation) ? 1 : 4,
      arbitrary: requestsOf(operation, hints),
    })),
  );
  const made = fc
    .sample(anyRequest, { numRuns: cases, seed })
    .map(tame)
    .filter((one) => one !== null);
  t.diagnostic(`seed ${seed}, ${made.length} requests of ${operations.length} operations`);
  const judge = new Judge(world);
  const findings: string[] = [];
  const socketsBefore = await countSockets(server.pid);
  let memoryBefore = 0;
  let compared = 0;
  let slowest = 0;
  let before: Inventory = await takeInventory();

  for (let at = 0; at < made.length && findings.length < 10; at += batchSize) {
    const batch = made.slice(at, at + batchSize);
    let hasChanged = false;
    await forEachParallel(
      batch,
      async (request) => {
        const { pieceBytes, halfClose = false } = request.wire ?? {};
        const options = {
          halfClose,
          hasNoBody: request.method === 'HEAD',
          ...(pieceBytes !== undefined && { pieceBytes }),
        };
        try {
          const answer = await exchange(server.url, toBytes(request, always), options);
          slowest = Math.max(slowest, answer.ms);
          hasChanged ||= mayHaveChanged(request, answer);
          const finding = judge.judge(request, answer);
          if (finding !== null) findings.push(`${finding}\n  ${describeRequest(request)}`);
        } catch (error) {
          findings.push(`${(error as Error).message}\n  ${describeRequest(request)}`);
        }
      },
      width,
    );
    if (hasChanged) await restoreWorld(world);
    const now = await takeInventory();
    if (!hasChanged) {
      compared += batch.length;
      const changes = compareInventories(before, now);
      if (changes.length > 0)
        findings.push(
          `refused requests changed the engine: ${changes.join('; ')}\n${batch.map(describeRequest).join('\n')}`,
        );
    }
    before = now;
    if (memoryBefore === 0 && at > made.length / 4) memoryBefore = await readMemory(server.pid);
  }

  const memoryAfter = await readMemory(server.pid);
  const statuses = [...judge.counts].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  t.diagnostic(
    `${statuses.join(', ')}; ${compared} in batches that changed nothing; the slowest took ${Math.round(slowest)} ms`,
  );
  t.diagnostic(
    `the server's memory: ${Math.round(memoryBefore / 1e6)} MB after a quarter, ${Math.round(memoryAfter / 1e6)} MB in the end`,
  );
  if (findings.length > 0) assert.fail(`seed ${seed}:\n${findings.join('\n\n')}`);
  assert.ok(compared > made.length / 4, `only ${compared} requests were compared`);
  assert.ok(judge.succeeded.size > operations.length / 3, `only ${[...judge.succeeded]} succeeded`);
  assert.ok(memoryAfter - memoryBefore < growthBound, 'its memory grows');
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  await waitFor(async (see) => see(await countSockets(server.pid)) <= socketsBefore + 4, {
    what: 'every connection to be let go of',
    timeoutMs: 60_000,
  });
  judgeLog(server);
});

/** A request with some bytes of it changed. */
function garbled(bytes: Buffer): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 6 }).map((some) => Buffer.from(some)),
    fc
      .constantFrom(
        ...[
          '\r\n',
          '\n',
          '\r',
          ' ',
          '\t',
          ':',
          '\0',
          '\r\n\r\n',
          'Content-Length: 5\r\n',
          'Transfer-Encoding: chunked\r\n',
          '0\r\n\r\n',
          'GET / HTTP/1.1\r\n',
          'HTTP/9.9',
          '%00',
          '\xff',
        ],
      )
      .map((text) => Buffer.from(text, 'latin1')),
  );
  const edit = fc.record({ at: fc.nat(bytes.length), cut: fc.nat(8), piece });
  return fc.tuple(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean()).map(([edits, isCut]) => {
    let changed = bytes;
    for (const { at, cut, piece: insert } of edits)
      changed = Buffer.concat([changed.subarray(0, at), insert, changed.subarray(at + cut)]);
    return isCut ? changed.subarray(0, Math.ceil(changed.length / 2)) : changed;
  });
}

test('bytes that are hardly a request are answered or let go of, and change nothing', {
  skip,
  timeout: 3_000_000,
}, async (t) => {
  assert.ok(world);
  const { server, always } = world;
  const request = (method: string, target: string, body?: string): MadeRequest => ({
    operation: `${method} ${target}`,
    method,
    target,
    headers: body === undefined ? [] : [['content-type', 'application/json']],
    body: body === undefined ? undefined : Buffer.from(body),
    isValid: null,
    about: 'to be garbled',
  });
  const bases = [
    request('GET', '/api/v1/containers?scope=all'),
    request('GET', `/api/v1/containers/${world.managed}/ports`),
    request('GET', '/healthz'),
    request('POST', '/api/v1/containers/closed', '{"capabilities":["SYS_ADMIN"],"Privileged":true}'),
    request('DELETE', '/api/v1/containers/no-such-thing-at-all'),
    request('POST', '/api/v1/daemon-config/check', '{"bip":"192.168.1.1/24"}'),
  ].map((one) => toBytes(one, always));
  const before = await takeInventory();
  const wild = fc.sample(fc.constantFrom(...bases).chain(garbled), { numRuns: wildCases, seed });
  const counts = new Map<number, number>();
  const findings: string[] = [];
  await forEachParallel(
    wild,
    async (bytes) => {
      const { status, headers, body } = await exchange(server.url, bytes, { halfClose: true });
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (status >= 500) findings.push(`${status} ${body} for ${JSON.stringify(bytes.toString('latin1'))}`);
      else if (status >= 400 && body.length > 0 && !/problem\+json/.test(headers['content-type'] ?? ''))
        findings.push(`${status} as ${headers['content-type']} for ${JSON.stringify(bytes.toString('latin1'))}`);
    },
    width,
  );
  t.diagnostic(`seed ${seed}: ${[...counts].map(([status, count]) => `${count} × ${status}`).join(', ')}`);
  assert.deepEqual(findings, []);
  assert.deepEqual(compareInventories(before, await takeInventory()), []);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  judgeLog(server);
});
