// Between the server and the real engine, call by call: keeps the bodies of creates, and loses the answers it is told to, as a cut line does
// after the engine has done what it was asked. Upgrades (exec, attach) pass as they are.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { defer } from './defer.ts';
import { type Cleanup, engineAddress } from './engine.ts';

export interface EngineRelay {
  /** For `DOCKER_HOST`: `unix:///…`. */
  readonly endpoint: string;
  /** The create body that was sent for this container name, parsed. */
  sentBody(name: string): unknown;
  /** The next call whose line (`POST /v1.45/containers/create?name=x`) matches is done by the engine, and its answer never arrives. */
  loseNext(line: RegExp): void;
  /** The next call whose line matches is answered with this status and message instead of being passed on. */
  answerNext(line: RegExp, status: number, message: string): void;
  /** Cuts the feeds of events: to its mirror the engine is away for a moment. */
  cutEvents(): void;
  /** Runs when the engine has answered the next call whose line matches, before the answer is passed on. */
  beforeAnswer(line: RegExp, step: () => unknown): void;
}

type Rule =
  | { readonly kind: 'lose'; readonly line: RegExp }
  | { readonly kind: 'answer'; readonly line: RegExp; readonly status: number; readonly message: string }
  | { readonly kind: 'before'; readonly line: RegExp; readonly step: () => unknown };

/** Starts the relay before the shared engine, or before the one at `socket`; it ends with the test (or, given `{ after }` of node:test, with the file). */
export async function startEngineRelay(cleanup: Cleanup, engine?: { readonly socket: string }): Promise<EngineRelay> {
  const target = engine === undefined ? engineAddress() : { socketPath: engine.socket };
  const folder = await mkdtemp(join(tmpdir(), 'terrarium-relay-'));
  const socket = join(folder, 'docker.sock');
  const bodies = new Map<string, string>();
  const rules: Rule[] = [];
  const feeds = new Set<ServerResponse>();

  function takeRule(line: string): Rule | undefined {
    const index = rules.findIndex((rule) => rule.line.test(line));
    return index < 0 ? undefined : rules.splice(index, 1)[0];
  }

  async function relay(call: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(call);
    const line = `${call.method} ${call.url}`;
    const name = /\/containers\/create\?name=([^&]+)/.exec(line)?.[1];
    if (name !== undefined) bodies.set(decodeURIComponent(name), body.toString());
    if (/^GET \S*\/events/.test(line)) {
      feeds.add(answer);
      answer.once('close', () => feeds.delete(answer));
    }
    const rule = takeRule(line);
    if (rule?.kind === 'answer') {
      answer
        .writeHead(rule.status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ message: rule.message }));
      return;
    }
    const onward = request(
      { ...target, method: call.method, path: call.url, headers: call.headers, agent: false },
      async (reply) => {
        if (rule?.kind === 'before') await rule.step();
        if (rule?.kind === 'lose') {
          reply.resume();
          reply.on('end', () => answer.destroy());
          return;
        }
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        answer.flushHeaders();
        reply.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    onward.end(body);
  }

  const server = createServer((call, answer) => void relay(call, answer).catch(() => answer.destroy()));
  const upgrades = new Set<Duplex>();
  server.on('upgrade', (call, client, head) => {
    const { socketPath, host, port } = target;
    const engine = socketPath ? connect(socketPath) : connect(Number(port), host ?? undefined);
    const headers = call.rawHeaders.flatMap((name, index, all) =>
      index % 2 === 0 ? `${name}: ${all[index + 1]}` : [],
    );
    engine.write(`${[`${call.method} ${call.url} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`);
    engine.write(head);
    upgrades.add(client);
    client.on('error', () => engine.destroy()).on('close', () => engine.destroy() && upgrades.delete(client));
    engine.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(engine).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  defer(cleanup, async () => {
    server.closeAllConnections();
    for (const client of upgrades) client.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });
  return {
    endpoint: `unix://${socket}`,
    sentBody: (name) => JSON.parse(bodies.get(name) ?? 'null'),
    loseNext: (line) => rules.push({ kind: 'lose', line }),
    answerNext: (line, status, message) => rules.push({ kind: 'answer', line, status, message }),
    cutEvents() {
      for (const feed of feeds) feed.destroy();
    },
    beforeAnswer: (line, step) => rules.push({ kind: 'before', line, step }),
  };
}
