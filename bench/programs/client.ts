// A WebSocket client as a process of its own, so that what it costs is not what is measured. Told by its parent where to connect and what to look for;
// it counts every frame and keeps what was asked for.
import WebSocket from 'ws';

/** What the parent says first. */
export interface ClientOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** How many connect at once; all where not said. The next do when these are open. */
  readonly atOnce?: number;
  /** Sent on each connection when it is open. */
  readonly say?: readonly string[];
  /** The first frame that holds this is the first data. */
  readonly first: string;
  /** What is kept of the deltas: nothing more, when each moment (`at`) was heard last, or when each port was first seen as a row. */
  readonly keep: 'nothing' | 'moments' | 'ports';
  /** Tells this order's moments from those of others. */
  readonly name?: string;
  /** Which frames of the first connection are told to the parent as they come. */
  readonly forward?: 'deltas' | 'all';
}

export interface ClientReport {
  /** Milliseconds from the start of connecting to the first data, by connection; null while there is none. */
  readonly firstMs: (number | null)[];
  readonly frames: number;
  /** Frames that hold what the first data hold. */
  readonly whole: number;
  readonly closed: number;
  /** What went wrong, once for each kind. */
  readonly errors: string[];
  /** Name of the order, milliseconds since the epoch when it was heard last, and how often it was heard. */
  readonly moments: { readonly name: string; readonly at: string; readonly lastMs: number; readonly count: number }[];
  /** [port, milliseconds of CLOCK_MONOTONIC] */
  readonly ports: [port: number, atMs: number][];
}

export type ToClient = { readonly do: 'connect'; readonly order: ClientOrder } | { readonly do: 'report' | 'close' };
export type FromClient =
  | { readonly tell: 'report'; readonly report: ClientReport }
  | { readonly tell: 'frame'; readonly frame: string }
  | { readonly tell: 'ready' | 'closed' };

const atMark = Buffer.from('"at":"');
const atLength = '2026-01-31T12:00:00.000Z'.length;

const sockets: WebSocket[] = [];
const firstMs: (number | null)[] = [];
const deltaMark = Buffer.from('"type":"delta"');
const moments = new Map<string, { name: string; at: string; lastMs: number; count: number }>();
const ports = new Map<number, number>();
let frames = 0;
let whole = 0;
let closed = 0;
const errors = new Set<string>();

process.on('message', (message: ToClient) => {
  if (message.do === 'connect') void connect(message.order);
  else if (message.do === 'report') tell({ tell: 'report', report: report() });
  else void closeAll().then(() => tell({ tell: 'closed' }));
});
process.on('disconnect', () => process.exit());
tell({ tell: 'ready' });

async function connect(order: ClientOrder): Promise<void> {
  const { connections, atOnce = connections } = order;
  for (let made = 0; made < connections; made += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, connections - made) }, (_, i) => open(order, made + i === 0));
    await Promise.all(batch);
  }
}

/** Resolves when it is open, or has failed. */
function open(order: ClientOrder, isFirst: boolean): Promise<void> {
  const first = Buffer.from(order.first);
  const index = firstMs.push(null) - 1;
  const began = performance.now();
  const socket = new WebSocket(order.url, { headers: order.headers, perMessageDeflate: false });
  sockets.push(socket);
  socket.on('message', (data: Buffer) => {
    const now = performance.now();
    frames += 1;
    if (data.includes(first)) {
      whole += 1;
      firstMs[index] ??= now - began;
    }
    if (order.keep === 'moments') keepMoment(data, order.name ?? '');
    else if (order.keep === 'ports') keepPorts(data);
    if (isFirst && (order.forward === 'all' || (order.forward === 'deltas' && data.includes(deltaMark))))
      tell({ tell: 'frame', frame: data.toString() });
  });
  return new Promise((resolve) => {
    socket.on('open', () => {
      for (const words of order.say ?? []) socket.send(words);
      resolve();
    });
    socket.on('close', () => {
      closed += 1;
    });
    socket.on('error', (error) => {
      errors.add(error.message);
      resolve();
    });
  });
}

function keepMoment(data: Buffer, name: string): void {
  if (!data.includes(deltaMark)) return;
  const mark = data.indexOf(atMark) + atMark.length;
  const at = data.toString('latin1', mark, mark + atLength);
  const key = `${name} ${at}`;
  const lastMs = performance.timeOrigin + performance.now();
  const known = moments.get(key);
  if (known === undefined) moments.set(key, { name, at, lastMs, count: 1 });
  else {
    known.lastMs = lastMs;
    known.count += 1;
  }
}

function keepPorts(data: Buffer): void {
  const now = Number(process.hrtime.bigint()) / 1e6;
  interface Row {
    readonly local: { readonly port: number };
  }
  const frame = JSON.parse(data.toString()) as { added?: Row[]; data?: { sockets?: Row[] } };
  for (const { local } of frame.added ?? frame.data?.sockets ?? [])
    if (!ports.has(local.port)) ports.set(local.port, now);
}

function report(): ClientReport {
  return {
    firstMs,
    frames,
    whole,
    closed,
    errors: [...errors],
    moments: [...moments.values()],
    ports: [...ports],
  };
}

async function closeAll(): Promise<void> {
  await Promise.all(
    sockets.splice(0).map(
      (socket) =>
        new Promise<void>((resolve) => {
          if (socket.readyState === socket.CLOSED) return resolve();
          socket.once('close', () => resolve());
          socket.close();
        }),
    ),
  );
}

function tell(message: FromClient): void {
  process.send?.(message);
}
