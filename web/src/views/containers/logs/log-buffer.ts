// The newest lines of a log, in blocks, so that a view draws only the block that grew. Bounded in lines and in characters. It knows no page.
import type { LogLine, LogNews } from '../../../../../src/client/index.ts';
import { type Piece, plainStyle, readAnsi, type Style } from './ansi.ts';

export interface ShownLine {
  /** One of its kind in its buffer. */
  readonly number: number;
  readonly stream: LogLine['stream'] | 'note';
  readonly at: string | null;
  readonly pieces: readonly Piece[];
  /** Of a note: what happened between two lines. */
  readonly note: Note | null;
}

/** Lines are missing; or the container, or the way to it, came or went. */
export type Note =
  | { readonly kind: 'gap' }
  | { readonly kind: 'state'; readonly state: Extract<LogNews, { type: 'state' }>['state']; readonly since: string };

/** A new object whenever one of its lines is new. */
export interface Block {
  readonly number: number;
  readonly lines: readonly ShownLine[];
  readonly characters: number;
}

export const bounds = { blockLines: 100, lines: 5_000, characters: 4_000_000, lineCharacters: 65_536 } as const;

export class LogBuffer {
  #blocks: readonly Block[] = [];
  #count = 0;
  #blockCount = 0;
  /** By stream: the colours that its next line begins with, and whether that line goes on with the last. */
  readonly #ends = new Map<LogLine['stream'], { readonly style: Style; readonly isOpen: boolean }>();

  /** The newest last. */
  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** Lines that ever came. */
  get count(): number {
    return this.#count;
  }

  push(lines: readonly LogLine[]): void {
    for (const line of lines) this.#pushLine(line);
    this.#trim();
  }

  note(note: Note): void {
    this.#append({ stream: 'note', at: null, pieces: [], note });
    this.#trim();
  }

  #pushLine({ stream, at, line, partial }: LogLine): void {
    const end = this.#ends.get(stream) ?? { style: plainStyle, isOpen: false };
    const { pieces, style } = readAnsi(line, end.style);
    this.#ends.set(stream, { style, isOpen: partial === true });
    if (!(end.isOpen && this.#continue(stream, pieces))) this.#append({ stream, at: at ?? null, pieces, note: null });
  }

  /** Goes on with the last line, where it is this stream's and not too long. */
  #continue(stream: LogLine['stream'], more: readonly Piece[]): boolean {
    const block = this.#blocks.at(-1);
    const last = block?.lines.at(-1);
    if (block === undefined || last === undefined || last.stream !== stream) return false;
    if (measure(last.pieces) + measure(more) > bounds.lineCharacters) return false;
    const lines = [...block.lines.slice(0, -1), { ...last, pieces: [...last.pieces, ...more] }];
    this.#replaceLast({ ...block, lines, characters: block.characters + measure(more) });
    return true;
  }

  #append(line: Omit<ShownLine, 'number'>): void {
    const shown = { ...line, number: this.#count };
    this.#count += 1;
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.lines.length < bounds.blockLines) {
      const characters = last.characters + measure(line.pieces);
      this.#replaceLast({ ...last, lines: [...last.lines, shown], characters });
      return;
    }
    const block = { number: this.#blockCount, lines: [shown], characters: measure(line.pieces) };
    this.#blockCount += 1;
    this.#blocks = [...this.#blocks, block];
  }

  #replaceLast(block: Block): void {
    this.#blocks = [...this.#blocks.slice(0, -1), block];
  }

  /** Whole blocks go, the oldest first. */
  #trim(): void {
    let lines = this.#blocks.reduce((sum, block) => sum + block.lines.length, 0);
    let characters = this.#blocks.reduce((sum, block) => sum + block.characters, 0);
    let gone = 0;
    for (const block of this.#blocks.slice(0, -1)) {
      if (lines <= bounds.lines && characters <= bounds.characters) break;
      lines -= block.lines.length;
      characters -= block.characters;
      gone += 1;
    }
    if (gone > 0) this.#blocks = this.#blocks.slice(gone);
  }
}

function measure(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + text.length, 0);
}
