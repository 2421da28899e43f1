// Draws a text in its place on a terminal, again and again. It takes no more of the screen than there is, and leaves the cursor behind the last text.

import { showControlsInLine } from './harmless.ts';

export interface ScreenOutput {
  /** 0 where nobody said. */
  readonly rows?: number;
  readonly columns?: number;
  write(text: string): unknown;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
/** From the cursor to the end of the screen. */
const erase = '\u001b[J';
/** Long lines are cut, and would not be counted right otherwise. */
const noWrap = '\u001b[?7l';
const wrap = '\u001b[?7h';

export class Screen {
  readonly #output: ScreenOutput;
  #drawn = 0;
  #isBegun = false;

  constructor(output: ScreenOutput) {
    this.#output = output;
  }

  /** In the place of the last one. */
  draw(lines: readonly string[]): void {
    const room = Math.max(1, (this.#output.rows || 24) - 1);
    const shown =
      lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
    const up = this.#drawn === 0 ? '\r' : `\r\u001b[${this.#drawn}A`;
    const begin = this.#isBegun ? '' : hideCursor;
    this.#isBegun = true;
    this.#drawn = shown.length;
    this.#output.write(
      `${begin}${up}${erase}${noWrap}${shown.map((line) => `${showControlsInLine(line)}\n`).join('')}${wrap}`,
    );
  }

  /** What was drawn last stays. */
  end(): void {
    if (this.#isBegun) this.#output.write(showCursor);
    this.#isBegun = false;
    this.#drawn = 0;
  }
}
