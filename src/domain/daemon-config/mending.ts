// Where in the text of daemon.json a problem stands, and what to change there. A mend is said in words of keys and values; it becomes edits of the text,
// which keep the rest of the file as somebody wrote it.
import type { DaemonConfigMend, DaemonConfigProblem, TextEdit, TextRange } from '../../schemas/daemon-config.ts';
import type { JsonMember, Span } from './go/json.ts';

/** What would mend a problem. */
export type Mend =
  | { readonly kind: 'remove'; readonly key: string }
  /** All but the last of several. */
  | { readonly kind: 'remove-earlier'; readonly key: string }
  | { readonly kind: 'rename'; readonly key: string; readonly to: string }
  /** Gives the key this value, as JSON: where it has none, it comes before the key `before`. */
  | { readonly kind: 'set'; readonly key: string; readonly value: string; readonly before?: string }
  | { readonly kind: 'correct'; readonly at: Span; readonly text: string };

interface Change {
  readonly at: Span;
  readonly text: string;
}

/** Of these the name is at fault, of all others the value. */
const aboutNames: ReadonlySet<string> = new Set(['unknown_key', 'duplicate_key', 'misplaced_key']);

export class SourceText {
  readonly #text: string;
  readonly #members: readonly JsonMember[];
  /** Where each line begins. */
  readonly #lines: number[];

  /** `members` have their places in `text` shifted by `offset`: they were read without the white space before them. */
  constructor(text: string, members: readonly JsonMember[] = [], offset = 0) {
    this.#text = text;
    this.#members = offset === 0 ? members : members.map((member) => shift(member, offset));
    this.#lines = [0];
    for (let next = text.indexOf('\n'); next !== -1; next = text.indexOf('\n', next + 1)) this.#lines.push(next + 1);
  }

  /** null: the file as a whole, or what it does not name. */
  place({ key, code }: Pick<DaemonConfigProblem, 'key' | 'code'>, at?: Span): TextRange | null {
    if (at !== undefined) return this.#range(at);
    const member = key === null ? undefined : this.#find(key);
    return member === undefined ? null : this.#range(aboutNames.has(code) ? member.nameAt : member.valueAt);
  }

  /** Those that the text has a place for. */
  mend(mends: readonly Mend[]): DaemonConfigMend[] {
    return mends.flatMap((mend) => {
      const changes = this.#change(mend);
      if (changes === null) return [];
      const edits = changes.map(({ at, text }): TextEdit => ({ ...this.#range(at), text }));
      return [{ ...this.#describe(mend), edits }];
    });
  }

  #describe(mend: Mend): Omit<DaemonConfigMend, 'edits'> {
    switch (mend.kind) {
      case 'remove':
      case 'remove-earlier':
        return { action: 'remove', key: mend.key, value: null };
      case 'rename':
        return { action: 'rename', key: mend.key, value: mend.to };
      case 'set':
        return { action: this.#find(mend.key) === undefined ? 'add' : 'replace', key: mend.key, value: mend.value };
      case 'correct':
        return { action: 'correct', key: null, value: mend.text === '' ? null : mend.text };
    }
  }

  #change(mend: Mend): readonly Change[] | null {
    if (mend.kind === 'correct') return [mend];
    const all = this.#members.filter(({ name }) => name === mend.key);
    if (mend.kind === 'remove-earlier') return all.slice(0, -1).map((member) => this.#removal(member));
    // Of several the last one counts, and without it the one before would: that is for a person.
    if (all.length > 1) return null;
    const [member] = all;
    if (mend.kind === 'set' && member === undefined) return this.#addition(mend);
    if (member === undefined) return null;
    if (mend.kind === 'remove') return [this.#removal(member)];
    if (mend.kind === 'rename') return [{ at: member.nameAt, text: JSON.stringify(mend.to) }];
    return [{ at: member.valueAt, text: mend.value }];
  }

  /** With the comma that belongs to it, and the line where it stands alone. */
  #removal(member: JsonMember): Change {
    const at = this.#members.indexOf(member);
    const [before, next] = [this.#members[at - 1], this.#members[at + 1]];
    if (next !== undefined) return { at: [member.nameAt[0], next.nameAt[0]], text: '' };
    return { at: [before?.valueAt[1] ?? member.nameAt[0], member.valueAt[1]], text: '' };
  }

  #addition({ key, value, before }: Extract<Mend, { kind: 'set' }>): readonly Change[] | null {
    const neighbour = this.#members.findLast(({ name }) => name === before);
    if (neighbour === undefined) return null;
    const start = neighbour.nameAt[0];
    const gap = /\s*$/.exec(this.#text.slice(0, start))?.[0] ?? '';
    return [{ at: [start, start], text: `${JSON.stringify(key)}: ${value},${gap === '' ? ' ' : gap}` }];
  }

  /** The member that counts: the last of its name, or one within a member, as `outer.inner`. */
  #find(key: string): JsonMember | undefined {
    const own = this.#members.findLast(({ name }) => name === key);
    if (own !== undefined) return own;
    return this.#members.findLast(({ name }) => key.startsWith(`${name}.`));
  }

  #range([start, end]: Span): TextRange {
    const from = this.#position(start);
    const to = this.#position(end);
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  #position(at: number): { readonly line: number; readonly column: number } {
    let [low, high] = [0, this.#lines.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lines[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (this.#lines[low] ?? 0) + 1 };
  }
}

function shift(member: JsonMember, offset: number): JsonMember {
  const moved = ([start, end]: Span): Span => [start + offset, end + offset];
  return { ...member, nameAt: moved(member.nameAt), valueAt: moved(member.valueAt) };
}
