// A change of a lab as it goes on: a row for each member, and how far it is. Pure: it is given the time.
import type { LabProgress } from '../../client/node.ts';
import type { Format, Style } from './style.ts';

type Action = Extract<LabProgress, { event: 'action' }>;

interface Row {
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  engine: string;
  /** When its first action began. */
  beganAt: number | null;
  /** When its last action ended; null while one goes on. */
  endedAt: number | null;
  state: 'waits' | 'works' | 'done' | 'failed' | 'undone';
  word: string;
}

const words: Readonly<Record<Action['do'], { readonly began: string; readonly done: string }>> = {
  create: { began: 'creating', done: 'created' },
  remove: { began: 'removing', done: 'removed' },
  start: { began: 'starting', done: 'started' },
  rejoin: { began: 'rejoining', done: 'rejoined' },
  await: { began: 'not ready yet', done: 'ready' },
};

const marks: Readonly<Record<Row['state'], { readonly mark: string; readonly format: Format }>> = {
  waits: { mark: ' ', format: 'dim' },
  works: { mark: '…', format: 'yellow' },
  done: { mark: '✓', format: 'green' },
  failed: { mark: '✗', format: 'red' },
  undone: { mark: '-', format: 'dim' },
};

export class ChangeRows {
  readonly #rows = new Map<string, Row>();
  /** Where members are: told where they are on several. */
  readonly #engines = new Set<string>();

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** Takes in what was told; answers a line for it where it is worth one: that something has ended. */
  take(progress: LabProgress, now: number): string | null {
    if (progress.event !== 'action') {
      for (const step of progress.plan.steps) {
        this.#engines.add(step.engine);
        if (step.do !== 'keep') this.#row(step);
      }
      return null;
    }
    const { state, do: verb, kind, key, detail } = progress;
    const row = this.#row(progress);
    row.beganAt ??= now;
    row.endedAt = state === 'began' ? null : now;
    row.state = state === 'began' ? 'works' : state;
    row.word = state === 'failed' ? `failed: ${detail}` : state === 'undone' ? 'removed again' : words[verb][state];
    if (state === 'began') return null;
    const where = this.#engines.size > 1 ? ` on ${row.engine}` : '';
    return `${kind} ${key}${where} ${row.word}${state === 'done' ? ` (${formatSeconds(now - row.beganAt)})` : ''}`;
  }

  /** A title, and a row for each member; where there is no room for all, for those of which something is to be said. */
  format(
    title: (count: string) => string,
    { now, room, style }: { now: number; room: number; style: Style },
  ): string[] {
    const rows = [...this.#rows.values()];
    const ended = rows.filter(({ state }) => state === 'done').length;
    const urgency = ['failed', 'works', 'undone', 'waits', 'done'] as const;
    const shown =
      rows.length < room
        ? rows
        : [...rows].sort((one, other) => urgency.indexOf(one.state) - urgency.indexOf(other.state));
    const widthOf = (read: (row: Row) => string) => Math.max(0, ...rows.map((row) => read(row).length));
    const [keys, names] = [widthOf(({ key }) => key), widthOf(({ name }) => name)];
    const engines = this.#engines.size > 1 ? widthOf(({ engine }) => engine) : 0;
    return [
      title(`${ended} of ${rows.length}`),
      ...shown.map(({ kind, key, name, engine, state, word, beganAt, endedAt }) => {
        const { mark, format } = marks[state];
        const time = beganAt === null ? '' : formatSeconds((endedAt ?? now) - beganAt);
        const where = engines === 0 ? '' : `  ${engine.padEnd(engines)}`;
        const line = `${kind.padEnd(9)} ${key.padEnd(keys)}  ${name.padEnd(names)}${where}  ${time.padStart(6)}  ${word}`;
        return ` ${style(format, mark)} ${state === 'failed' ? style('red', line) : line}`;
      }),
    ];
  }

  #row({ kind, key, name, engine }: Pick<Action, 'kind' | 'key' | 'name' | 'engine'>): Row {
    this.#engines.add(engine);
    const id = `${kind} ${key}`;
    const known = this.#rows.get(id);
    if (known !== undefined) {
      // What moves is removed on one and made on another.
      known.engine = engine;
      return known;
    }
    const row: Row = { kind, key, name, engine, beganAt: null, endedAt: null, state: 'waits', word: '' };
    this.#rows.set(id, row);
    return row;
  }
}

function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)}s`;
}
