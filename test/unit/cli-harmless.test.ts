// What others have named, on its way to a terminal: shown, never obeyed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { escapeJson, showControls, showControlsInLine } from '../../src/cli/print/harmless.ts';
import { Screen } from '../../src/cli/print/screen.ts';
import { makeStyle } from '../../src/cli/print/style.ts';
import { formatTable } from '../../src/cli/print/table.ts';
import fc from '../support/fast-check.ts';
import { findOrder } from '../support/terminal-orders.ts';

const style = makeStyle({ isTerminal: true, env: {}, isWanted: true });
const text = fc.string({
  unit: fc.constantFrom(
    'a',
    ' ',
    '\u001b',
    '[',
    ']',
    '3',
    '1',
    'm',
    ';',
    '\u0007',
    '\u009b',
    '\r',
    '\b',
    '\u007f',
    '\u202e',
    '\u2028',
    '\n',
    '\t',
    '网',
  ),
});
const isObeyed = (shown: string) => findOrder(shown) !== null;

test('no order to a terminal is left in what is shown, and our own colours are', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      assert.ok(!isObeyed(showControls(one)));
      const line = showControlsInLine(`${style('red', one)} ${other}`);
      assert.ok(!isObeyed(line) && !line.includes('\n'));
      assert.ok(line.startsWith('\u001b[31m'));
    }),
  );
  assert.equal(
    showControls('\u001b[2J\u001b]0;title\u0007\u009b1m\u202ex\r'),
    String.raw`\x1b[2J\x1b]0;title\x07\x9b1m\u202ex\x0d`,
  );
  assert.equal(showControls('a\tb\nc 网络 🌱'), 'a\tb\nc 网络 🌱');
});

test('a cell of a table is one line of one row, as wide as it looks', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (cells) => {
      const lines = formatTable(
        ['ONE', 'TWO'],
        cells.map((cell) => [cell, { text: 'x', shown: style('green', 'x') }]),
      );
      assert.equal(lines.length, cells.length + 1);
      const at = lines[0]?.indexOf('TWO') ?? 0;
      for (const line of lines.slice(1)) {
        assert.ok(!isObeyed(line) && !line.includes('\n'));
        assert.equal(line.indexOf('\u001b[32m'), at);
      }
    }),
  );
});

test('JSON means the same and holds no such character', () => {
  fc.assert(
    fc.property(fc.dictionary(text, text), (value) => {
      const shown = escapeJson(JSON.stringify(value));
      assert.deepEqual(JSON.parse(shown), JSON.parse(JSON.stringify(value)));
      assert.ok(!isObeyed(shown));
    }),
  );
});

test('what is drawn in its place obeys only the screen itself', () => {
  const written: string[] = [];
  const screen = new Screen({ rows: 24, write: (piece) => written.push(piece) });
  screen.draw(['\u001b[2Jhello', 'a\nb', style('red', 'ours')]);
  const drawn = written.join('');
  assert.ok(
    !drawn.includes('\u001b[2J') && drawn.includes(String.raw`\x1b[2Jhello`) && drawn.includes(String.raw`a\nb`),
  );
  assert.ok(drawn.includes('\u001b[31mours'));
});
