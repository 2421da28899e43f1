// From the server's list of entries to the rows, columns and marks of a matrix, narrowed to what is asked for. Pure.
import type { Reachability, ReachabilityNode, ReachabilityPair, VerifiedEntry } from '../../../../src/client/index.ts';
import type { Proof, ProofBook } from './proof.ts';

/** The network beyond the host, as the server calls it. */
export const outside = 'outside';

export const shows = ['all', 'reaches', 'fails', 'unknown', 'disagrees'] as const;
export type Show = (typeof shows)[number];

export interface MatrixWish {
  /** Only what this container reaches, and who reaches it. */
  readonly container: string | undefined;
  readonly show: Show;
  readonly withUdp: boolean;
  /** Targets whose ports are one column. */
  readonly folded: ReadonlySet<string>;
}

/** `nothing`: there is nothing to connect to, or no address to try. */
type Outcome = VerifiedEntry['outcome'] | 'nothing' | 'self';
/** null: the filter leaves it out. */
export type Mark = { readonly outcome: Outcome; readonly proof: Proof | 'unverifiable' | null } | null;

export interface Column {
  /** `tcp/80`, `tcp/8080/published`, or `all` where the ports are folded, or there is none. */
  readonly door: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp';
  /** null: all of the target's, or none. */
  readonly port: number | null;
  readonly isPublished: boolean;
}

export interface Group {
  readonly node: MatrixNode;
  readonly columns: readonly Column[];
  /** Ports that it has, folded or not. */
  readonly ports: number;
  readonly isFolded: boolean;
}

export interface MatrixNode {
  readonly id: string;
  readonly name: string;
  readonly kind: 'container' | 'host' | 'outside';
  readonly state: string;
}

export interface MatrixRow {
  readonly node: MatrixNode;
  readonly marks: readonly Mark[];
  /** The same for rows that look the same. */
  readonly signature: string;
}

export interface Matrix {
  readonly groups: readonly Group[];
  readonly columns: readonly Column[];
  readonly rows: readonly MatrixRow[];
}

/** One cell, with all that is known about it. */
export interface Cell {
  readonly from: MatrixNode;
  readonly to: MatrixNode;
  readonly column: Column;
  readonly entries: readonly VerifiedEntry[];
  readonly pair: ReachabilityPair | undefined;
}

/** The entries of one answer, by who and whom. */
export class Atlas {
  readonly sources: readonly MatrixNode[];
  readonly targets: readonly MatrixNode[];
  readonly #entries = new Map<string, VerifiedEntry[]>();
  readonly #pairs = new Map<string, ReachabilityPair>();
  readonly #doors = new Map<string, Map<string, Column>>();

  constructor({ nodes, entries, pairs }: Reachability, names: { readonly outside: string; readonly host: string }) {
    const known = nodes.map((node) => toNode(node, names.host)).sort(byKindAndName);
    this.targets = known;
    this.sources = [{ id: outside, name: names.outside, kind: 'outside', state: 'running' }, ...known];
    for (const pair of pairs) this.#pairs.set(`${pair.from} ${pair.to}`, pair);
    for (const entry of entries) {
      const key = `${entry.from} ${entry.to}`;
      const list = this.#entries.get(key);
      if (list === undefined) this.#entries.set(key, [entry]);
      else list.push(entry);
      const doors = this.#doors.get(entry.to) ?? new Map<string, Column>();
      this.#doors.set(entry.to, doors);
      const door = spellDoor(entry);
      if (!doors.has(door)) doors.set(door, toColumn(entry, door));
    }
  }

  doorsOf(to: string, withUdp: boolean): readonly Column[] {
    return [...(this.#doors.get(to)?.values() ?? [])]
      .filter(({ protocol }) => withUdp || protocol === 'tcp')
      .sort(byPort);
  }

  /** Undefined where the link names what is not there any more. */
  cell(from: string, to: string, door: string): Cell | undefined {
    const source = this.sources.find(({ id }) => id === from);
    const target = this.targets.find(({ id }) => id === to);
    const column = door === 'all' ? wholeOf(to) : this.#doors.get(to)?.get(door);
    if (source === undefined || target === undefined || column === undefined) return undefined;
    return {
      from: source,
      to: target,
      column,
      entries: this.entriesOf(from, column, true),
      pair: this.#pairs.get(`${from} ${to}`),
    };
  }

  entriesOf(from: string, { to, port, door }: Column, withUdp: boolean): readonly VerifiedEntry[] {
    const between = this.#entries.get(`${from} ${to}`) ?? [];
    if (port === null) return withUdp ? between : between.filter(({ protocol }) => protocol === 'tcp');
    return between.filter((entry) => spellDoor(entry) === door);
  }

  pair(from: string, to: string): ReachabilityPair | undefined {
    return this.#pairs.get(`${from} ${to}`);
  }
}

export function arrange(atlas: Atlas, book: ProofBook, wish: MatrixWish): Matrix {
  const groups = atlas.targets.map((node): Group => {
    const doors = atlas.doorsOf(node.id, wish.withUdp);
    const isFolded = doors.length > 1 && wish.folded.has(node.id);
    return {
      node,
      columns: isFolded || doors.length === 0 ? [wholeOf(node.id)] : doors,
      ports: doors.length,
      isFolded,
    };
  });
  const all = groups.flatMap(({ columns }) => columns);
  const marked = atlas.sources.map((node) => ({
    node,
    marks: all.map((column) => narrow(markOf(atlas, book, node, column, wish.withUdp), node.id, column.to, wish)),
  }));
  const isNarrowed = wish.show !== 'all' || wish.container !== undefined;
  const isShown = all.map((_, at) => !isNarrowed || marked.some(({ marks }) => marks[at] !== null));
  const rows = marked
    .filter(({ marks }) => !isNarrowed || marks.some((mark) => mark !== null))
    .map(({ node, marks }): MatrixRow => {
      const shown = marks.filter((_, at) => isShown[at]);
      return { node, marks: shown, signature: shown.map(spellMark).join() };
    });
  let at = 0;
  const shownGroups = groups
    .map((group) => ({ ...group, columns: group.columns.filter(() => isShown[at++]) }))
    .filter(({ columns }) => columns.length > 0);
  return { groups: shownGroups, columns: shownGroups.flatMap(({ columns }) => columns), rows };
}

/** What a cell shows of its entries: one address that reaches is enough. */
export function markEntries(entries: readonly VerifiedEntry[], book: ProofBook): Mark {
  const outcomes = new Set(entries.map(({ outcome }) => outcome));
  const outcome = (['reaches', 'unknown', 'fails'] as const).find((one) => outcomes.has(one)) ?? 'nothing';
  const provable = entries.filter(({ verifiable }) => verifiable);
  if (provable.length === 0) return { outcome, proof: entries.length === 0 ? null : 'unverifiable' };
  const proofs = provable.map((entry) => book.of(entry)?.proof ?? null);
  const worst = (['disagrees', 'outdated', 'tried'] as const).find((one) => proofs.includes(one));
  return { outcome, proof: worst ?? (proofs.every((one) => one === 'agreed') ? 'agreed' : null) };
}

function markOf(atlas: Atlas, book: ProofBook, { id: from }: MatrixNode, column: Column, withUdp: boolean): Mark {
  if (from === column.to) return { outcome: 'self', proof: null };
  const entries = atlas.entriesOf(from, column, withUdp);
  if (entries.length === 0 && atlas.pair(from, column.to)?.outcome === 'unknown')
    return { outcome: 'unknown', proof: null };
  return markEntries(entries, book);
}

function narrow(mark: Mark, from: string, to: string, { container, show }: MatrixWish): Mark {
  if (mark === null || (container !== undefined && from !== container && to !== container)) return null;
  if (show === 'all') return mark;
  return (show === 'disagrees' ? mark.proof === show : mark.outcome === show) ? mark : null;
}

function spellMark(mark: Mark): string {
  return mark === null ? '' : `${mark.outcome}${mark.proof ?? ''}`;
}

function spellDoor({ protocol, port, at }: VerifiedEntry): string {
  return `${protocol}/${port}${at === 'published' ? '/published' : ''}`;
}

function toColumn({ to, protocol, port, at }: VerifiedEntry, door: string): Column {
  return { door, to, protocol: protocol === 'udp' ? 'udp' : 'tcp', port, isPublished: at === 'published' };
}

function wholeOf(to: string): Column {
  return { door: 'all', to, protocol: 'tcp', port: null, isPublished: false };
}

function toNode({ id, name, kind, state }: ReachabilityNode, host: string): MatrixNode {
  return { id, name: kind === 'host' ? host : name, kind, state };
}

const collator = new Intl.Collator(undefined, { numeric: true });

function byKindAndName(one: MatrixNode, other: MatrixNode): number {
  if (one.kind !== other.kind) return one.kind === 'host' ? -1 : 1;
  return collator.compare(one.name, other.name);
}

function byPort(one: Column, other: Column): number {
  return (
    Number(one.isPublished) - Number(other.isPublished) ||
    one.protocol.localeCompare(other.protocol) ||
    (one.port ?? 0) - (other.port ?? 0)
  );
}
