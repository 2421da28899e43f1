// What the command prints: tables, colours, numbers, and a screen that is drawn again and again.
import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseLanguage, inLanguage } from '../../src/cli/print/language.ts';
import { Screen } from '../../src/cli/print/screen.ts';
import { formatAge, formatSize } from '../../src/cli/print/sizes.ts';
import { makeStyle } from '../../src/cli/print/style.ts';
import { formatTable } from '../../src/cli/print/table.ts';
import fc from '../support/fast-check.ts';

const esc = '\u001b';

test('columns stand under their titles, whatever is in them', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
  const rows = fc.array(fc.tuple(word, word, word), { maxLength: 10 });
  fc.assert(
    fc.property(rows, (cells) => {
      const shown = cells.map(([a, b, c]) => [a, { text: b, shown: `\u001b[32m${b}\u001b[39m` }, c]);
      const lines = formatTable(['ONE', 'TWO', 'THREE'], shown);
      const [heading = ''] = lines;
      for (const [index, row] of cells.entries()) {
        const line = (lines[index + 1] ?? '').replaceAll(new RegExp(`${esc}\\[\\d+m`, 'g'), '');
        for (const [column, title] of ['ONE', 'TWO', 'THREE'].entries())
          assert.ok(line.startsWith(row[column] ?? '', heading.indexOf(title)), `${heading}\n${line}`);
      }
    }),
  );
});

test('the language is that of the environment, and what there is of a text is shown', () => {
  const cases: [env: NodeJS.ProcessEnv, language: string][] = [
    [{}, 'en'],
    [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
    [{ LANG: 'zh_TW.UTF-8', LC_MESSAGES: '' }, 'zh'],
    [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
    [{ LANG: 'de_DE.UTF-8', LC_MESSAGES: 'zh_CN' }, 'zh'],
  ];
  for (const [env, language] of cases) assert.equal(chooseLanguage(env), language, JSON.stringify(env));
  assert.equal(inLanguage({ en: 'one', zh: '一' }, 'zh'), '一');
  assert.equal(inLanguage({ en: 'one' }, 'zh'), 'one');
  assert.equal(inLanguage({ zh: '一' }, 'en'), '一');
  assert.equal(inLanguage('plain', 'zh'), 'plain');
});

test('colours for who sees them', () => {
  const shown = (isTerminal: boolean, env: NodeJS.ProcessEnv = {}, isWanted = true) =>
    makeStyle({ isTerminal, env, isWanted })('red', 'x') !== 'x';
  assert.equal(shown(true), true);
  assert.equal(shown(false), false);
  assert.equal(shown(true, { NO_COLOR: '1' }), false);
  assert.equal(shown(true, { NO_COLOR: '' }), true);
  assert.equal(shown(true, { TERM: 'dumb' }), false);
  assert.equal(shown(true, {}, false), false);
  assert.equal(shown(false, { FORCE_COLOR: '1' }), true);
  assert.equal(shown(false, { FORCE_COLOR: '1', NO_COLOR: '1' }), false);
});

test('sizes and ages', () => {
  const sizes: [number, string][] = [
    [0, '0B'],
    [999, '999B'],
    [1_000, '1kB'],
    [4_261_550, '4.26MB'],
    [77_900_000, '77.9MB'],
    [2e13, '20TB'],
  ];
  for (const [bytes, text] of sizes) assert.equal(formatSize(bytes), text);
  const since = '2026-01-31T12:00:00Z';
  const ages: [number, string][] = [
    [0, '0 seconds'],
    [1, '1 second'],
    [119, '1 minute'],
    [7_300, '2 hours'],
    [200_000, '2 days'],
    [-5, '0 seconds'],
  ];
  for (const [seconds, text] of ages) assert.equal(formatAge(since, Date.parse(since) + seconds * 1_000), text);
});

/** What a terminal of so many rows shows after what was written: only what {@link Screen} uses. */
class Glass {
  readonly lines: string[] = [''];
  row = 0;
  isCursorShown = true;
  /** The cursor would have left the screen at its top. */
  escaped = false;
  readonly rows: number;

  constructor(rows: number) {
    this.rows = rows;
  }

  write(text: string): void {
    for (const [part] of text.matchAll(new RegExp(`${esc}\\[\\??\\d*[a-zA-Z]|\\n|\\r|[^${esc}\\n\\r]+`, 'g'))) {
      const up = new RegExp(`^${esc}\\[(\\d+)A$`).exec(part);
      if (up !== null) {
        this.row -= Number(up[1]);
        if (this.row < Math.max(0, this.lines.length - this.rows)) this.escaped = true;
      } else if (part === '\u001b[J') this.lines.splice(this.row, this.lines.length, '');
      else if (part === '\u001b[?25l') this.isCursorShown = false;
      else if (part === '\u001b[?25h') this.isCursorShown = true;
      else if (part === '\n') {
        this.row += 1;
        this.lines[this.row] ??= '';
      } else if (!part.startsWith('\u001b') && part !== '\r') this.lines[this.row] += part;
    }
  }
}

test('the last drawing is what is seen, and nothing before it is touched', () => {
  const drawing = fc.array(fc.stringMatching(/^[a-z]{0,5}$/), { maxLength: 12 });
  fc.assert(
    fc.property(
      fc.array(drawing, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 2, max: 10 }),
      (drawings, rows) => {
        const glass = new Glass(rows);
        glass.write('before\n');
        const screen = new Screen(glass);
        for (const lines of drawings) screen.draw(lines);
        screen.end();
        const last = drawings.at(-1) ?? [];
        const seen = last.length < rows ? last : [...last.slice(0, rows - 2), `… ${last.length - rows + 2} more lines`];
        assert.deepEqual(glass.lines, ['before', ...seen, '']);
        assert.equal(glass.escaped, false);
        assert.equal(glass.isCursorShown, true);
      },
    ),
  );
});
