// A client's copy of one stream: what its frames add up to. Pure: frames in, the newest state out.
import type { Ifconfig, Interface } from '../../schemas/ifconfig.ts';
import type { Netstat, Socket } from '../../schemas/netstat.ts';
import type { DeltaFrame, SnapshotFrame, StreamKey, StreamState } from '../../schemas/stream.ts';

/** What a topic's snapshots hold. */
export interface TopicData {
  readonly netstat: Netstat;
  readonly ifconfig: Ifconfig;
}
export type ObservedTopic = keyof TopicData;

/** The newest that is known of one container's sockets or interfaces. A new object for each state; never changed. */
export interface Observation<Data = Netstat | Ifconfig> {
  readonly key: StreamKey;
  /** `stale` with the reason `disconnected` while there is no connection to the server. */
  readonly state: StreamState;
  readonly reason: string | null;
  /** When this state began. */
  readonly since: string;
  /** Number of the last frame that counts; 0 before the first. */
  readonly seq: number;
  /** The last that was seen, also while it is not live; null before the first look, and where the format is text. */
  readonly data: Data | null;
  /** As the program prints it, where the format says so. */
  readonly text: string | null;
}

/** Of a `state` frame of a stream. */
export interface StreamStanding {
  readonly state: StreamState;
  readonly reason: string | null;
  readonly since: string;
}

type Row = Socket | Interface;

/** A frame that cannot follow what came before: the connection is of no use any more. */
export class BrokenStream extends Error {
  override readonly name = 'BrokenStream';
}

export class Copy {
  readonly key: StreamKey;
  #standing: StreamStanding | null = null;
  #seq = 0;
  #isWhole = false;
  /** The last snapshot's data; its rows are those of then. */
  #data: Netstat | Ifconfig | null = null;
  #asOf = '';
  #text: string | null = null;
  readonly #rows = new Map<string, Row>();

  constructor(key: StreamKey) {
    this.key = key;
  }

  /** Is there something to show: data, or why there is none? */
  get isPresentable(): boolean {
    return this.#standing !== null && (this.#isWhole || this.#standing.state !== 'live');
  }

  /** A snapshot came: it holds a state, and a delta may follow. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  stand({ state, reason, since }: StreamStanding): void {
    this.#standing = { state, reason, since };
  }

  takeSnapshot({ seq, data, text }: SnapshotFrame): void {
    this.#seq = seq;
    this.#text = text ?? null;
    this.#isWhole = true;
    this.#hold(data as Netstat | Ifconfig | null);
  }

  /** Fails with {@link BrokenStream} where it does not build on the last frame: the server never sends such. */
  takeDelta({ base, seq, asOf, added, removed, changed }: DeltaFrame): void {
    if (!this.#isWhole || base !== this.#seq || this.#data === null)
      throw new BrokenStream(`a delta builds on ${base}, and ${this.#isWhole ? this.#seq : 'nothing'} is held`);
    for (const id of removed) this.#rows.delete(id);
    for (const row of [...added, ...changed] as Row[]) this.#rows.set(nameRow(row), row);
    this.#seq = seq;
    this.#asOf = asOf;
  }

  /** The state as of the last frame. */
  read(): Observation {
    const { state, reason, since } = this.#standing ?? { state: 'stale', reason: 'disconnected', since: '' };
    return { key: this.key, state, reason, since, seq: this.#seq, data: this.#readData(), text: this.#text };
  }

  #hold(data: Netstat | Ifconfig | null): void {
    this.#data = data;
    this.#rows.clear();
    if (data === null) return;
    this.#asOf = data.asOf;
    for (const row of 'sockets' in data ? data.sockets : data.interfaces) this.#rows.set(nameRow(row), row);
  }

  #readData(): Netstat | Ifconfig | null {
    if (this.#data === null) return null;
    const rows = [...this.#rows.values()];
    return 'sockets' in this.#data
      ? { ...this.#data, asOf: this.#asOf, sockets: rows as Socket[] }
      : { ...this.#data, asOf: this.#asOf, interfaces: rows as Interface[] };
  }
}

/** A socket its `id`, an interface its `name`. */
function nameRow(row: Row): string {
  return 'id' in row ? row.id : row.name;
}

/** What makes two keys the same. */
export function spellKey({ topic, container, options, format }: StreamKey): string {
  return [topic, container, options, format].join(' ');
}
