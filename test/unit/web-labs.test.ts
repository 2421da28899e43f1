// What the dashboard makes of a lab file's words, without a page.
import assert from 'node:assert/strict';
import test from 'node:test';
import { findName, nameForLab, pickLanguage, readParagraphs } from '../../web/src/views/labs/lab-text.ts';
import { isNearEnd } from '../../web/src/views/labs/near-end.ts';

test('a text is in the language of the page, or in the other', () => {
  assert.equal(pickLanguage({ en: 'a', zh: '一' }, 'zh'), '一');
  assert.equal(pickLanguage({ en: 'a' }, 'zh'), 'a');
  assert.equal(pickLanguage({ zh: '一' }, 'en'), '一');
  assert.equal(pickLanguage('both', 'zh'), 'both');
  assert.equal(pickLanguage(undefined, 'en'), '');
});

test('code stands between backticks, and a lone one is a letter', () => {
  assert.deepEqual(readParagraphs('a `b c` d\n\n`e`\n \n'), [
    [
      { text: 'a ', isCode: false },
      { text: 'b c', isCode: true },
      { text: ' d', isCode: false },
    ],
    [{ text: 'e', isCode: true }],
  ]);
  assert.deepEqual(readParagraphs('it`s'), [[{ text: 'it`s', isCode: false }]]);
  assert.deepEqual(readParagraphs(''), []);
});

test('commands name the containers of this very lab', () => {
  const to = (text: string, lab = 'closed.alice') =>
    nameForLab(text, { written: 'closed', lab, keys: ['web', 'web2', 't1'] });
  assert.equal(to('docker exec closed-t1 ip a'), 'docker exec closed.alice-t1 ip a');
  assert.equal(to('closed-web2 closed-web closed-web.'), 'closed.alice-web2 closed.alice-web closed.alice-web.');
  assert.equal(to('for n in t1; do docker port closed-$n; done'), 'for n in t1; do docker port closed.alice-$n; done');
  for (const same of ['closed-web3', 'enclosed-web', 'closed-t1-more', 'a.closed-web', 'closed containers'])
    assert.equal(to(same), same);
  assert.equal(to('closed-t1', 'closed'), 'closed-t1');
  assert.equal(nameForLab('x-a', { written: undefined, lab: 'y', keys: ['a'] }), 'x-a');
});

test('the name of a file that is not finished yet', () => {
  assert.equal(findName('# a\nname: four # the four\ncontainers:'), 'four');
  assert.equal(findName('{\n  "name": "four",\n'), 'four');
  assert.equal(findName('containers:\n  web: { mode: closed }'), undefined);
  assert.equal(findName('name: Not One'), undefined);
});

test('the end is near five minutes before, or a tenth of the life', () => {
  const at = (minutes: number) => new Date(minutes * 60_000).toISOString();
  const near = (now: number, life: number) => isNearEnd({ appliedAt: at(0), expiresAt: at(life) }, now * 60_000);
  assert.deepEqual([near(114, 120), near(115, 120), near(17, 20), near(18, 20)], [false, true, false, true]);
  assert.equal(isNearEnd({ appliedAt: null, expiresAt: null }, 0), false);
  assert.equal(isNearEnd({ appliedAt: null, expiresAt: at(4) }, 0), true);
});
