// Asks a server for the path of a port, and waits until the answer is right: the engine's events tell the server of a change a moment later.
import assert from 'node:assert/strict';
import type { Hop, PacketPath, Path, SeenRule } from '../../src/schemas/packet-path.ts';
import type { RunningApp } from './app.ts';
import { waitFor } from './wait-for.ts';

export interface PathQuery {
  readonly container: string;
  /** `80`, `53/udp` */
  readonly port: string | number;
  readonly from: string;
  /** The address that is tried, where there are several. */
  readonly at?: string;
}

export async function readPacketPath(app: RunningApp, { container, port, from }: PathQuery): Promise<PacketPath> {
  const url = `${app.url}/api/v1/containers/${container}/ports/${port}/path?from=${encodeURIComponent(from)}`;
  const answer = await fetch(url, { headers: app.headers });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

/** The path to one address; to the first without. */
export async function readPath(app: RunningApp, query: PathQuery): Promise<Path> {
  const { paths } = await readPacketPath(app, query);
  const found = paths.find(({ destination }) => query.at === undefined || destination.address === query.at);
  return found ?? assert.fail(`no path to ${query.at} among ${paths.map(({ destination }) => destination.address)}`);
}

/** Waits until the verdict on the path has the code. */
export async function expectCode(app: RunningApp, query: PathQuery, code: string): Promise<Path> {
  const found = await waitFor(
    async (see) => {
      // An answer that is an error ends the wait.
      const path = await readPath(app, query).catch((error: unknown) => ({ error }));
      if ('error' in path) return path;
      see(`${path.verdict.code}: ${path.verdict.sentence}\n${path.hops.map(spellHop).join('\n')}`);
      return path.verdict.code === code && path;
    },
    { what: `the verdict ${code}` },
  );
  if ('error' in found) throw found.error;
  return found;
}

export function spellHop({ kind, name, status, detail }: Hop): string {
  return `${kind} ${name}: ${status}: ${detail}`;
}

/** The hop that stops the packet. */
export function stopOf(path: Path): Hop | undefined {
  return path.hops.find(({ status }) => status === 'stop');
}

/** The rules of a chain that the packet meets. */
export function rulesOf({ hops }: Path, table: string, chain: string): SeenRule[] {
  return hops.flatMap(({ rules }) => rules).filter((rule) => rule.table === table && rule.chain === chain);
}
