// The pure parts of a container's panel: colours of programs, what is found in lines, marks of what changed, words of a command, counters, and links.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine, PacketPath } from '../../src/client/index.ts';
import { splitWords } from '../../web/src/views/containers/exec/words.ts';
import { plainStyle, readAnsi } from '../../web/src/views/containers/logs/ansi.ts';
import { hasText, markText } from '../../web/src/views/containers/logs/find.ts';
import { bounds, LogBuffer } from '../../web/src/views/containers/logs/log-buffer.ts';
import { type Marked, markChanges, markMs } from '../../web/src/views/containers/netstat/changes.ts';
import { readOptions, spellOptions } from '../../web/src/views/containers/netstat/options.ts';
import { measureGrowth, nameRule, readCounters } from '../../web/src/views/containers/ports/counters.ts';
import { linkToPort, readQuestion } from '../../web/src/views/containers/ports/question.ts';
import fc from '../support/fast-check.ts';

const read = (line: string) => readAnsi(line, plainStyle).pieces.map(({ text, classes }) => [text, classes]);
const spell = (line: string) =>
  readAnsi(line, plainStyle)
    .pieces.map(({ text }) => text)
    .join('');

test('colours become classes, of 16, 256 and all colours, with semicolons and colons', () => {
  assert.deepEqual(read('a\u001b[31mb\u001b[0mc'), [
    ['a', ''],
    ['b', 'ansi-fg-1'],
    ['c', ''],
  ]);
  assert.deepEqual(read('\u001b[1;92;44mx'), [['x', 'ansi-bold ansi-fg-2 ansi-bg-4']]);
  assert.deepEqual(read('\u001b[38;5;196mx'), [['x', 'ansi-fg-1']]);
  assert.deepEqual(read('\u001b[38;5;196;1mx'), [['x', 'ansi-bold ansi-fg-1']]);
  assert.deepEqual(read('\u001b[38;2;0;200;0;4mx'), [['x', 'ansi-underline ansi-fg-2']]);
  assert.deepEqual(read('\u001b[38:2::0:0:250mx'), [['x', 'ansi-fg-4']]);
  assert.deepEqual(read('\u001b[38:5:201;3mx'), [['x', 'ansi-italic ansi-fg-5']]);
  assert.deepEqual(read('\u001b[mx'), [['x', '']]);
  assert.deepEqual(read('\u001b[7;31;39;27mx'), [['x', '']]);
});

test('the next line begins with the colours that the last one ended with', () => {
  const { style } = readAnsi('\u001b[33mopen', plainStyle);
  assert.deepEqual(readAnsi('still', style).pieces, [{ text: 'still', classes: 'ansi-fg-3' }]);
});

test('titles, links, cursors and cut sequences leave no trace; other controls are seen', () => {
  assert.equal(spell('a\u001b]0;owned\u0007b'), 'ab');
  assert.equal(spell('a\u001b]8;;javascript:x\u001b\\link\u001b]8;;\u001b\\'), 'alink');
  assert.equal(spell('\u001b[2J\u001b[1;1H\u001b(Btext\r'), 'text');
  assert.equal(spell('a\u0000\u0007\tb\u007f'), 'a␀␇\tb␡');
  assert.equal(spell('a\u202eb'), 'a�b');
});

test('nothing that controls anything is left, whatever is written, and text is never lost', () => {
  const odd = fc.constantFrom(
    '\u001b',
    '\u001b[',
    '\u001b]',
    '\u009b',
    ';',
    '38',
    'm',
    '\u0007',
    '\u001b\\',
    'a',
    '<b>',
    '\u202e',
  );
  const lines = fc.array(fc.oneof({ weight: 3, arbitrary: odd }, fc.string({ unit: 'binary' })), { maxLength: 30 });
  fc.assert(
    fc.property(lines, (parts) => {
      const { pieces } = readAnsi(parts.join(''), plainStyle);
      for (const { text, classes } of pieces) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them
        assert.doesNotMatch(text, /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        assert.match(classes, /^(?:ansi-(?:(?:fg|bg)-[0-7]|bold|dim|italic|underline|strike|inverse)(?: |$))*$/);
      }
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), (texts) => {
      assert.equal(spell(texts.join('\u001b[35m')), texts.join(''));
    }),
  );
});

test('what is found is marked where it is, over the borders of colours, and the text stays the same', () => {
  const { pieces } = readAnsi('a nee\u001b[1mdle and NEEDLE', plainStyle);
  assert.ok(hasText(pieces, 'Needle'));
  const marked = markText(pieces, 'needle');
  assert.deepEqual(
    marked.filter(({ isFound }) => isFound).map(({ text, classes }) => [text, classes]),
    [
      ['nee', ''],
      ['dle', 'ansi-bold'],
      ['NEEDLE', 'ansi-bold'],
    ],
  );
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'B', 'İ', ' ') })),
      fc.string({ unit: fc.constantFrom('a', 'b') }),
      (texts, wanted) => {
        const all = texts.map((text) => ({ text, classes: '' }));
        assert.equal(
          markText(all, wanted)
            .map(({ text }) => text)
            .join(''),
          texts.join(''),
        );
      },
    ),
  );
});

test('a log keeps its newest lines within its bounds, and joins what the engine cut', () => {
  const buffer = new LogBuffer();
  const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({ stream: 'stdout', line: text, ...more });
  buffer.push([line('one '), line('half ', { partial: true }), line('whole')]);
  const texts = () =>
    buffer.blocks.flatMap(({ lines }) => lines.map(({ pieces }) => pieces.map(({ text }) => text).join('')));
  assert.deepEqual(texts(), ['one ', 'half whole']);
  for (let round = 0; round < 100; round += 1)
    buffer.push(Array.from({ length: 100 }, (_, index) => line(`${round} ${index}`)));
  assert.ok(texts().length <= bounds.lines + bounds.blockLines);
  assert.equal(texts().at(-1), '99 99');
  buffer.push(Array.from({ length: 300 }, () => line('x'.repeat(60_000))));
  assert.ok(texts().join('').length <= bounds.characters + bounds.blockLines * 60_000);
  assert.equal(buffer.count, 2 + 10_000 + 300);
});

test('what came, changed and went is marked for its time, and nothing at the first look', () => {
  const row = (id: string, state = 'A') => ({ id, state });
  const isSame = (one: { state: string }, other: { state: string }) => one.state === other.state;
  const look = (
    before: readonly Marked<{ id: string; state: string }>[] | null,
    rows: { id: string; state: string }[],
    now: number,
  ) => markChanges(before, rows, now, isSame);
  const tell = (marked: readonly Marked<{ id: string }>[]) => marked.map(({ row: { id }, mark }) => `${id} ${mark}`);
  const first = look(null, [row('a'), row('b')], 0);
  assert.deepEqual(tell(first), ['a null', 'b null']);
  const second = look(first, [row('a', 'B'), row('c')], 1_000);
  assert.deepEqual(tell(second), ['a changed', 'c added', 'b removed']);
  const third = look(second, [row('a', 'B'), row('c')], 2_000);
  assert.deepEqual(tell(third), ['a changed', 'c added', 'b removed'], 'not over yet');
  const back = look(third, [row('a', 'B'), row('b'), row('c')], 3_000);
  assert.deepEqual(tell(back), ['a changed', 'b added', 'c added']);
  assert.deepEqual(tell(look(back, [row('a', 'B'), row('b'), row('c')], 3_000 + markMs)), [
    'a null',
    'b null',
    'c null',
  ]);
  assert.deepEqual(tell(look(third, [row('a', 'B'), row('c')], 1_000 + markMs)), ['a null', 'c null']);
});

test('the letters of netstat are read and spelled in the order of the server', () => {
  assert.equal(spellOptions(readOptions()), 'tuwan');
  assert.equal(spellOptions(readOptions('lut')), 'tuln');
  assert.equal(spellOptions(readOptions('n')), 'n');
});

test('words of a command are those that a shell would read', () => {
  assert.deepEqual(splitWords(`sh -c 'echo "a b"; exit 3'`), ['sh', '-c', 'echo "a b"; exit 3']);
  assert.deepEqual(splitWords(String.raw`a\ b "c \"d\" \n" ''`), ['a b', String.raw`c "d" \n`, '']);
  assert.deepEqual(splitWords('  '), []);
  assert.equal(splitWords(`echo "open`), null);
  assert.equal(splitWords('echo \\'), null);
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      assert.deepEqual(splitWords(words.map(quote).join(' ')), words);
    }),
  );
});

test('counters grow from where the count began, and a rule that was made anew does not shrink', () => {
  const rule = {
    table: 'nat',
    chain: 'DOCKER',
    index: 3,
    text: '-A DOCKER -j DNAT',
    packets: 5,
    bytes: 1,
    certain: true,
  };
  const look = (packets: number) =>
    readCounters({
      paths: [{ hops: [{ kind: 'dnat', rules: [{ ...rule, packets }], counters: null }] }],
    } as unknown as PacketPath);
  const count = { question: '', first: look(5), before: look(7), newest: look(9) };
  assert.deepEqual(measureGrowth(count, nameRule(rule)), { by: 4, isMoving: true });
  assert.deepEqual(measureGrowth({ ...count, newest: look(0) }, nameRule(rule)), { by: 0, isMoving: false });
  assert.deepEqual(measureGrowth(count, 'another'), { by: 0, isMoving: false });
});

test('a port is asked about by the link, or else the first that is published, and opened where that is possible', () => {
  const port = { containerPort: 80, protocol: 'udp', hostIp: '0.0.0.0', hostPort: 8080 } as const;
  assert.deepEqual(readQuestion({}, [{ ...port, protocol: 'sctp' }, port]), {
    port: 80,
    protocol: 'udp',
    from: 'outside',
  });
  assert.deepEqual(readQuestion({ port: '81', from: 'host' }, [port]), { port: 81, protocol: 'tcp', from: 'host' });
  for (const bad of ['x', '0', '65536', '1.5', '']) assert.equal(readQuestion({ port: bad }, [port]), null, bad);
  assert.equal(linkToPort({ ...port, protocol: 'tcp' }, 'lab.example'), 'http://lab.example:8080/');
  assert.equal(linkToPort({ ...port, protocol: 'tcp', hostIp: '::1' }, 'x'), 'http://[::1]:8080/');
  assert.equal(linkToPort(port, 'x'), null);
  assert.equal(linkToPort({ ...port, protocol: 'tcp', hostPort: null }, 'x'), null);
});
