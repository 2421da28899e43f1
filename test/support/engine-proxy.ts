// A socket in front of the engine, at which its connections can be cut and its calls held back: the faults of a real network, on the
// real engine.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, engineAddress } from './engine.ts';

export interface EngineProxy {
  /** For `DOCKER_HOST`: `unix:///…`. */
  readonly endpoint: string;
  /** From now on, calls whose first line matches (`POST /v1.45/containers/ID/start?… HTTP/1.1`) do not reach the engine and get no answer. */
  hold(pattern: RegExp): void;
  /** Holds nothing back any more, and lets through what was. */
  release(): void;
  /** First lines of the calls that were held back. */
  readonly held: readonly string[];
  /** How many connections are open whose latest call matches. */
  count(pattern: RegExp): number;
  /** How many calls that match have come so far. */
  seen(pattern: RegExp): number;
  /** Cuts the connections whose latest call matches, and answers how many there were. */
  cut(pattern: RegExp): number;
  close(): Promise<void>;
}

/** Starts a proxy; it ends with the test. Patterns are held against the first line of a call; what is held back is so by the first call of its connection. */
export async function startEngineProxy(cleanup: Cleanup): Promise<EngineProxy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-proxy-'));
  const socketPath = path.join(folder, 'docker.sock');
  const connections = new Map<Socket, string>();
  const calls: string[] = [];
  const held: string[] = [];
  const waiting = new Set<() => void>();
  let holding: RegExp | undefined;

  const server = createServer({ allowHalfOpen: true }, (client) => {
    connections.set(client, '');
    client.on('error', () => {});
    client.once('close', () => connections.delete(client));
    client.on('data', (chunk: Buffer) => {
      const [, line] = /^([A-Z]+ \/\S* HTTP\/1\.1)\r\n/.exec(chunk.toString('latin1')) ?? [];
      if (line === undefined) return;
      calls.push(line);
      connections.set(client, line);
    });
    client.once('data', (first: Buffer) => {
      const line = connections.get(client) ?? '';
      const early = [first];
      const keep = (chunk: Buffer) => void early.push(chunk);
      const forward = () => {
        client.off('data', keep);
        const { socketPath: target, host, port } = engineAddress();
        const engine = connect({
          ...(target ? { path: target } : { host: host ?? '', port: Number(port) }),
          allowHalfOpen: true,
        });
        engine.on('error', () => client.destroy());
        client.once('close', () => engine.destroy());
        for (const chunk of early) engine.write(chunk);
        client.pipe(engine).pipe(client);
      };
      if (!holding?.test(line)) return forward();
      held.push(line);
      waiting.add(forward);
      client.on('data', keep);
      const forget = () => waiting.delete(forward) && client.destroy();
      client.once('end', forget).once('close', forget);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  let isClosed = false;
  const find = (pattern: RegExp) => [...connections].filter(([, line]) => pattern.test(line)).map(([socket]) => socket);
  const proxy: EngineProxy = {
    endpoint: `unix://${socketPath}`,
    held,
    hold(pattern) {
      holding = pattern;
    },
    release() {
      holding = undefined;
      for (const forward of waiting) forward();
      waiting.clear();
    },
    count: (pattern) => find(pattern).length,
    seen: (pattern) => calls.filter((line) => pattern.test(line)).length,
    cut(pattern) {
      const matching = find(pattern);
      for (const socket of matching) socket.destroy();
      return matching.length;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      server.close();
      for (const socket of connections.keys()) socket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
  defer(cleanup, () => proxy.close());
  return proxy;
}
