// The answer of a helper, cut into its sections: nothing that a container names can end one.
import assert from 'node:assert/strict';
import test from 'node:test';
import { cutLines, helperLimits, sectionMark, splitSections } from '../../src/domain/observation/helper-output.ts';
import { readSections } from '../../src/domain/observation/reading.ts';
import fc from '../support/fast-check.ts';

test('sections come out as they went in, whatever they hold', () => {
  const boundary = '0123456789abcdef';
  const body = fc.string({ unit: 'binary' }).filter((text) => !text.includes(boundary));
  const name = fc.stringMatching(/^[a-z0-9-]{1,8}$/);
  fc.assert(
    fc.property(fc.dictionary(name, body), fc.integer({ min: 0 }), (sections, tick) => {
      const marked = Object.entries(sections).map(([section, text]) => sectionMark(boundary, section) + text);
      const answer = marked.join('') + sectionMark(boundary, `end ${tick}`);
      const split = splitSections(answer, boundary);
      assert.equal(split.get(`end ${tick}`), '');
      split.delete(`end ${tick}`);
      assert.deepEqual(Object.fromEntries(split), { ...sections });
    }),
  );
});

test('a text is cut after a whole line, and only when it is too long', () => {
  assert.deepEqual(cutLines('a\nb\nc\n', 3), { text: 'a\nb\nc\n', truncated: false });
  assert.deepEqual(cutLines('a\nb\nc\n', 2), { text: 'a\nb\n', truncated: true });
  assert.deepEqual(cutLines('a\nb', 2), { text: 'a\nb', truncated: false });
  assert.deepEqual(cutLines('', 2), { text: '', truncated: false });
});

test('a netstat text that is cut says so in its last line; a whole one is untouched', () => {
  const lines = (count: number) => 'x\n'.repeat(count);
  const whole = lines(helperLimits.textRows + 2);
  assert.equal(readSections(new Map([['-tan', whole]])).texts.get('tan'), whole);
  const cut = readSections(new Map([['-tan', `${whole}y\n`]])).texts.get('tan');
  assert.equal(cut, `${whole}(truncated after ${helperLimits.textRows} rows)\n`);
});

test('interfaces that are cut end with a whole one', () => {
  const paragraph = 'lo        Link encap:Local Loopback  \n          UP LOOPBACK RUNNING  MTU:65536  Metric:1\n\n';
  const text = paragraph.repeat(helperLimits.ifconfigLines / 3 + 1);
  const { interfaces } = readSections(new Map([['ifconfig', text]]));
  assert.equal(interfaces?.truncated, true);
  assert.equal(interfaces?.text({ onlyUp: false }), paragraph.repeat(helperLimits.ifconfigLines / 3));
});
