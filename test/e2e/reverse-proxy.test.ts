// The server behind the reverse proxies of docs/operations.md, configured as written there, but for ports and patience: TLS, WebSockets, NDJSON and
// server-sent events, and streams on which nothing happens for longer than the proxy waits.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import path from 'node:path';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { type RunningApp, startApp } from '../support/app.ts';
import { createTestContainer, docker, execInContainer, findFreePort } from '../support/engine.ts';
import { type OperatorsMachine, startOperatorsMachine } from '../support/operators-machine.ts';
import type { Frame } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const name = 'lab.example';
/** How long the proxy waits for the server to say something, in seconds: less than it would, so that a test need not. */
const patience = 2;
const root = path.resolve(import.meta.dirname, '..', '..');

const machine = await startOperatorsMachine({ after });
const certificate = '/etc/ssl/lab.example.pem';
await machine.mustRun(
  ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
  ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`],
  ...['-out', certificate, '-keyout', '/etc/ssl/lab.example.key'],
);
const authority = await machine.mustRun('cat', certificate);
const { id } = await createTestContainer({ after });

/** A server on a port of its own, and the proxy before it on another one. */
interface Proxied {
  readonly server: RunningApp;
  readonly port: number;
}

/** The block of this language in the documentation. */
async function readConfiguration(language: string): Promise<string> {
  const text = await readFile(path.join(root, 'docs', 'operations.md'), 'utf8');
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(text)?.[1] ?? assert.fail(`no block of ${language}`);
}

/** Replaces what has to be there, once. */
function replace(text: string, from: string, to: string): string {
  assert.equal(text.split(from).length, 2, `${from} is there once`);
  return text.replace(from, to);
}

async function startServer(port: number, heartbeatMs: number): Promise<RunningApp> {
  const env = {
    TERRARIUM_ALLOWED_HOSTS: name,
    TERRARIUM_ALLOWED_ORIGINS: `https://${name}:${port}`,
    TERRARIUM_HEARTBEAT_MS: String(heartbeatMs),
  };
  return startApp({ after }, { env });
}

async function startNginx(heartbeatMs: number): Promise<Proxied> {
  const port = await findFreePort();
  const server = await startServer(port, heartbeatMs);
  let site = await readConfiguration('nginx');
  site = replace(site, 'listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`);
  site = replace(site, 'http://127.0.0.1:4242', server.url);
  site = replace(site, 'proxy_read_timeout 60s;', `proxy_read_timeout ${patience}s;`);
  const file = `/tmp/nginx-${port}.conf`;
  const logs = `error_log stderr; pid /tmp/nginx-${port}.pid;`;
  await machine.write(file, `${logs}\nevents {}\nhttp {\naccess_log off;\n${site}\n}\n`);
  await start(machine, ['nginx', '-c', file], port);
  return { server, port };
}

async function startCaddy(heartbeatMs: number): Promise<Proxied> {
  const port = await findFreePort();
  const server = await startServer(port, heartbeatMs);
  let site = await readConfiguration('caddyfile');
  site = replace(site, `${name} {`, `${name}:${port} {\n  bind 127.0.0.1`);
  site = replace(site, '127.0.0.1:4242', server.url.replace('http://', ''));
  const file = `/tmp/Caddyfile-${port}`;
  await machine.write(file, `{\n  admin off\n  auto_https disable_redirects\n}\n${site}`);
  await start(machine, ['caddy', 'run', '--adapter', 'caddyfile', '--config', file], port);
  return { server, port };
}

/** Starts a program of the machine, which ends with it, and waits until it takes connections. */
async function start({ id, run }: OperatorsMachine, command: string[], port: number): Promise<void> {
  const { code, stderr } = await docker(
    'exec',
    '--detach',
    id,
    'sh',
    '-c',
    `${command.join(' ')} > /tmp/${port}.log 2>&1`,
  );
  assert.equal(code, 0, stderr);
  await waitFor(
    async (see) => see((await run('curl', '-sk', '-o', '/dev/null', `https://127.0.0.1:${port}/`)).code) !== 7,
    {
      what: command.join(' '),
    },
  ).catch(async (cause) => {
    throw new Error((await run('cat', `/tmp/${port}.log`)).stdout, { cause });
  });
}

/** What a client of the proxy needs: the name is looked up in no DNS, and the certificate is the one that was just made. */
const trust = {
  ca: authority,
  servername: name,
  lookup: (_host: string, options: { all?: boolean }, done: (error: null, ...found: unknown[]) => void) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
};

function open({ server, port }: Proxied, target: string, headers: Record<string, string> = {}) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const options = { ...trust, agent: false, headers: { ...server.headers, ...headers } };
    const call = request(`https://${name}:${port}${target}`, options as object, resolve);
    call.on('error', reject);
    call.end();
  });
}

async function read(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}

/** What came on a stream so far, and whether it ended. */
interface Heard {
  readonly frames: Frame[];
  ended: boolean;
  end(): void;
}

/** By NDJSON or server-sent events. */
async function follow(proxied: Proxied, accept: string): Promise<Heard> {
  const answer = await open(proxied, accept === 'text/event-stream' ? '/api/v1/events' : `${netstat}&intervalMs=100`, {
    accept,
  });
  assert.equal(answer.statusCode, 200);
  const heard: Heard = { frames: [], ended: false, end: () => answer.destroy() };
  after(() => heard.end());
  let rest = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const json = accept === 'text/event-stream' ? /^data: (.*)$/.exec(line)?.[1] : line;
      if (json !== undefined && json !== '') heard.frames.push(JSON.parse(json));
    }
  });
  answer.on('error', () => {});
  answer.on('close', () => {
    heard.ended = true;
  });
  return heard;
}

async function connect(
  { server, port }: Proxied,
  headers: Record<string, string> = {},
): Promise<Heard & { code: number }> {
  const options = { ...trust, headers: { ...server.headers, ...headers } };
  const socket = new WebSocket(`wss://${name}:${port}${netstat}&intervalMs=100`, 'terrarium.v1', options as object);
  after(() => socket.terminate());
  const heard = { frames: [] as Frame[], ended: false, code: 0, end: () => socket.close() };
  socket.on('message', (data) => heard.frames.push(JSON.parse(String(data))));
  socket.on('error', () => {});
  socket.on('unexpected-response', (_call, answer) => {
    heard.code = answer.statusCode ?? 0;
    heard.ended = true;
  });
  socket.on('close', (code) => {
    heard.code ||= code;
    heard.ended = true;
  });
  await waitFor((see) => heard.ended || see(socket.readyState) === WebSocket.OPEN, { what: 'the connection' });
  return heard;
}

const netstat = `/api/v1/containers/${id}/netstat?options=tl`;
const has = ({ frames }: Heard, type: string) => frames.some((frame) => frame.type === type);
let nextPort = 2000;

for (const [proxy, startProxy] of [
  ['nginx', startNginx],
  ['Caddy', startCaddy],
] as const) {
  test(`${proxy}: requests, streams of every kind, and nothing is held back`, async () => {
    const heartbeatMs = 500;
    const proxied = await startProxy(heartbeatMs);
    const { server, port } = proxied;
    const answer = await open(proxied, `/api/v1/containers/${id}`);
    assert.equal(answer.statusCode, 200);
    assert.equal(JSON.parse(await read(answer)).id, id);
    assert.equal((await open(proxied, '/api/v1/containers', { authorization: 'Bearer wrong' })).statusCode, 401);
    assert.equal(
      (await open(proxied, '/api/v1/containers', { host: 'evil.example' })).statusCode,
      proxy === 'Caddy' ? 200 : 403,
    );
    assert.match(await read(await open(proxied, '/')), /<title>Terrarium/);

    const streams = await Promise.all([
      connect(proxied),
      follow(proxied, 'application/x-ndjson'),
      follow(proxied, 'text/event-stream'),
    ]);
    const [socket, lines, events] = streams;
    for (const stream of streams) await waitFor((see) => has(see(stream), 'snapshot'), { what: 'a snapshot' });
    // Each change comes through before there is another one to push it.
    for (let round = 0; round < 3; round += 1) {
      nextPort += 1;
      const shows = (frame: Frame) => JSON.stringify(frame).includes(`"port":${nextPort}`);
      await execInContainer(id, 'httpd', '-p', String(nextPort));
      for (const stream of [socket, lines])
        await waitFor(() => stream?.frames.some(shows), { what: `port ${nextPort}` });
    }
    const before = events?.frames.length ?? 0;
    await createTestContainer({ after });
    await waitFor((see) => see(events?.frames.length ?? 0) > before, { what: 'an event' });

    // For three times the proxy's patience nothing happens but heartbeats: the server paces them.
    const countBeats = ({ frames }: Heard) => frames.filter(({ type }) => type === 'heartbeat').length;
    for (const [stream, beats] of streams.map((one) => [one, countBeats(one)] as const)) {
      const enough = beats + (3 * patience * 1_000) / heartbeatMs;
      await waitFor((see) => stream.ended || see(countBeats(stream)) > enough, { what: `${enough} heartbeats` });
    }
    for (const stream of streams) {
      assert.equal(stream.ended, false);
      stream.end();
    }
    const page = await connect(proxied, { origin: `https://${name}:${port}` });
    await waitFor((see) => has(see(page), 'snapshot'), { what: 'a snapshot' });
    page.end();
    const elsewhere = await connect(proxied, { origin: 'https://evil.example' });
    assert.equal(elsewhere.code, 403);
    await server.close();
  });
}

test('nginx cuts streams that are silent for longer than it waits, which is why heartbeats are to be shorter', async () => {
  const proxied = await startNginx(20_000);
  const streams = await Promise.all([connect(proxied), follow(proxied, 'application/x-ndjson')]);
  for (const stream of streams) {
    await waitFor((see) => has(see(stream), 'snapshot'), { what: 'a snapshot' });
    await waitFor((see) => see(stream).ended, { what: 'nginx to cut it' });
  }
});
