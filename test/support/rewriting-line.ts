// A line between the server and the engine that writes one thing anew in what the server sends, letter for letter as long as it was. For
// engines that this machine cannot have otherwise; it changes nothing else.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cleanup } from './engine.ts';

/** Puts a line in front of the engine at `socket`; answers its `unix:///…`. What `pattern` finds becomes `text`, filled up with blanks. */
export async function startRewritingLine(
  cleanup: Cleanup,
  { socket, pattern, text }: { socket: string; pattern: RegExp; text: string },
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-line-'));
  const near = path.join(folder, 'docker.sock');
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: socket, allowHalfOpen: true });
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      open.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    engine.pipe(client);
    client.on('data', (chunk: Buffer) => {
      // One character a byte, so that nothing is lost and lengths stay what they were.
      const sent = chunk.toString('latin1').replace(pattern, (found) => text.padEnd(found.length));
      if (!engine.write(Buffer.from(sent, 'latin1'))) client.pause();
    });
    engine.on('drain', () => client.resume());
    client.once('end', () => engine.end());
  });
  await new Promise<void>((resolve) => server.listen(near, resolve));
  cleanup.after(async () => {
    server.close();
    for (const one of open) one.destroy();
    await rm(folder, { recursive: true, force: true });
  });
  return `unix://${near}`;
}
