import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { hopKinds } from '../../src/schemas/packet-path.ts';
import { reachabilityCodes } from '../../src/schemas/reachability-codes.ts';

test('docs/reachability.md lists every code with its meaning, in order', async () => {
  const text = await readFile('docs/reachability.md', 'utf8');
  const section = text.slice(text.indexOf('## Codes'), text.indexOf('## Names'));
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
  assert.deepEqual(rows, Object.entries(reachabilityCodes));
});

test('docs/packet-path.md lists every kind of hop', async () => {
  const text = await readFile('docs/packet-path.md', 'utf8');
  const section = text.slice(text.indexOf('## Hops'), text.indexOf('## Who carries it'));
  const named = [...section.matchAll(/^\| ([^|]*) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w-]+)`/g)].map(([, kind]) => kind),
  );
  assert.deepEqual([...named].sort(), [...hopKinds].sort());
});
