// Asks a server for the path of a port, and waits until it says what is so: two seconds after a change it has to.
import assert from 'node:assert/strict';
import type { Hop, PacketPath, Path, SeenRule } from '../../src/schemas/packet-path.ts';
import type { RunningApp } from './app.ts';

/** Milliseconds after a change from which on an answer has to be right. */
const promiseMs = 2_000;

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

/** Whoever asks two seconds after a change is told what is so; before that somebody may be lucky. */
export async function expectCode(app: RunningApp, query: PathQuery, code: string): Promise<Path> {
  const changedAt = performance.now();
  for (;;) {
    const askedAt = performance.now();
    const path = await readPath(app, query);
    if (path.verdict.code === code) return path;
    if (askedAt - changedAt > promiseMs)
      assert.equal(path.verdict.code, code, `${path.verdict.sentence}\n${path.hops.map(spellHop).join('\n')}`);
  }
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
