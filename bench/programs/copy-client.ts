// Clients that keep a copy of all they watch, as the protocol describes it, and can say what they hold, in a process of their own. A frame that does not fit
// what is held is an error.
import { createHash } from 'node:crypto';
import WebSocket from 'ws';

export interface CopyOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Names this client in reports. */
  readonly name: string;
  /** Sent when it is open. */
  readonly say: readonly string[];
}

export interface CopyReport {
  readonly clients: readonly {
    readonly name: string;
    readonly frames: number;
    /** By stream key: what is held, as a digest of its rows. Counters and times move by themselves, and are left out. */
    readonly held: Readonly<Record<string, string>>;
  }[];
  readonly errors: readonly string[];
}

export type ToCopies =
  | { readonly do: 'connect'; readonly order: CopyOrder }
  | { readonly do: 'leave'; readonly name: string }
  | { readonly do: 'report' };
export type FromCopies = { readonly tell: 'ready' } | { readonly tell: 'report'; readonly report: CopyReport };

type Row = Readonly<Record<string, unknown>>;

interface Held {
  seq: number;
  readonly rows: Map<string, Row>;
}

interface Client {
  readonly name: string;
  readonly socket: WebSocket;
  frames: number;
  readonly held: Map<string, Held>;
}

interface Frame {
  readonly type: string;
  readonly key?: { readonly topic: string };
  readonly seq: number;
  readonly base: number;
  readonly data?: { readonly sockets?: Row[]; readonly interfaces?: Row[] };
  readonly added: Row[];
  readonly changed: Row[];
  readonly removed: string[];
  readonly code?: string;
  readonly detail?: string;
}

const clients = new Map<string, Client>();
const errors = new Set<string>();

process.on('message', (message: ToCopies) => {
  if (message.do === 'connect') connect(message.order);
  else if (message.do === 'leave') leave(message.name);
  else tell({ tell: 'report', report: report() });
});
process.on('disconnect', () => process.exit());
tell({ tell: 'ready' });

function connect({ url, headers, name, say }: CopyOrder): void {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const client: Client = { name, socket, frames: 0, held: new Map() };
  clients.set(name, client);
  socket.on('open', () => {
    for (const words of say) socket.send(words);
  });
  socket.on('message', (data: Buffer) => {
    client.frames += 1;
    take(client, JSON.parse(data.toString()) as Frame);
  });
  socket.on('error', (error) => errors.add(`${name}: ${error.message}`));
  socket.on('close', (code) => clients.get(name) === client && errors.add(`${name}: closed with ${code}`));
}

function leave(name: string): void {
  const client = clients.get(name);
  clients.delete(name);
  client?.socket.close();
}

function take(client: Client, frame: Frame): void {
  if (frame.type === 'error') errors.add(`${client.name}: ${frame.code} ${frame.detail}`);
  if (frame.key === undefined || (frame.type !== 'snapshot' && frame.type !== 'delta')) return;
  const id = frame.key.topic === 'netstat' ? 'id' : 'name';
  const key = JSON.stringify(frame.key);
  const held = client.held.get(key);
  if (frame.type === 'snapshot') {
    const rows = frame.data?.sockets ?? frame.data?.interfaces ?? [];
    client.held.set(key, { seq: frame.seq, rows: new Map(rows.map((row) => [String(row[id]), row])) });
    return;
  }
  if (held === undefined || held.seq !== frame.base) {
    errors.add(`${client.name}: a delta from ${frame.base} came to one who holds ${held?.seq}`);
    return;
  }
  for (const name of frame.removed) if (!held.rows.delete(name)) errors.add(`${client.name}: ${name} was not there`);
  for (const row of [...frame.added, ...frame.changed]) held.rows.set(String(row[id]), row);
  held.seq = frame.seq;
}

function report(): CopyReport {
  return {
    clients: [...clients.values()].map(({ name, frames, held }) => ({
      name,
      frames,
      held: Object.fromEntries([...held].map(([key, { rows }]) => [key, digest(rows)])),
    })),
    errors: [...errors],
  };
}

function digest(rows: ReadonlyMap<string, Row>): string {
  const hash = createHash('sha1');
  for (const [, { rx: _rx, tx: _tx, ...row }] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(JSON.stringify(row));
  return hash.digest('base64');
}

function tell(message: FromCopies): void {
  process.send?.(message);
}
