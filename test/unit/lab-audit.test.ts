// What is left over, by labels, documents and the engine's time.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { NetworkFacts } from '../../src/domain/container/facts.ts';
import { type AuditInput, findLeaks } from '../../src/domain/lab/lab-audit.ts';
import { findingReasons } from '../../src/schemas/lab-view.ts';
import { containerFacts } from '../support/container-facts.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const at = (offsetMs: number) => new Date(now + offsetMs).toISOString();
const ours = (labels: Record<string, string> = {}) => ({ 'io.terrarium.managed': 'true', ...labels });
const inLab = (lab: string, item?: string) =>
  ours({ 'io.terrarium.lab': lab, ...(item !== undefined && { 'io.terrarium.item': item }) });
const container = (name: string, labels: Record<string, string>) => containerFacts(name, { labels });
const network = (name: string, labels: Record<string, string>) => ({ id: name, name, labels }) as NetworkFacts;

function audit(input: Partial<AuditInput>): string[] {
  const found = findLeaks({
    engine: 'local',
    engineId: 'here',
    homes: new Map([
      ['here', 'local'],
      ['there', 'other'],
    ]),
    away: new Set(),
    containers: [],
    networks: [],
    labs: [],
    spareVolumes: [],
    engineNow: now,
    ...input,
  });
  for (const { reason, engine, detail } of found) {
    assert.ok(findingReasons.includes(reason) && engine === 'local' && detail !== '');
  }
  return found.map(({ kind, name, reason }) => `${kind} ${name} ${reason}`);
}

const lab = {
  lab: 'four',
  homeId: 'here',
  isEmpty: false,
  expiresAt: null,
  keys: new Set(['container web', 'network lan']),
};

test('what is as its file says, what is not ours, and what serves us is no finding', () => {
  const containers = [
    container('four-web', inLab('four', 'web')),
    container('by-hand', inLab('four')),
    container('foreign', {}),
    container('copied', { 'io.terrarium.lab': 'gone', 'io.terrarium.item': 'web' }),
    container('probe', ours({ 'io.terrarium.role': 'probe' })),
    container('lives', { ...inLab('four'), 'io.terrarium.expires-at': at(1) }),
  ];
  const networks = [network('four-lan', inLab('four', 'lan')), network('bridge', {})];
  assert.deepEqual(audit({ containers, networks, labs: [lab] }), []);
});

test('each kind of a leak has its reason', () => {
  const containers = [
    container('alone', ours()),
    container('old', { ...inLab('four', 'web'), 'io.terrarium.expires-at': at(-1) }),
    container('four-gone', inLab('four', 'gone')),
    container('lost-web', inLab('lost', 'web')),
  ];
  const networks = [network('net', ours()), network('four-back', inLab('four', 'back'))];
  const labs = [
    lab,
    { ...lab, lab: 'late', expiresAt: at(-1) },
    { ...lab, lab: 'empty', isEmpty: true, expiresAt: at(1) },
  ];
  assert.deepEqual(audit({ containers, networks, labs, spareVolumes: ['terrarium-lab-four-1'] }), [
    'container alone no_lab',
    'container old expired',
    'container four-gone not_in_file',
    'container lost-web document_lost',
    'network net no_lab',
    'network four-back not_in_file',
    'lab late expired',
    'lab empty empty',
    'volume terrarium-lab-four-1 superseded',
  ]);
});

test('what is of a lab of another engine is judged by its document there', () => {
  const elsewhere = (item: string, homeId: string) => ({ ...inLab('four', item), 'io.terrarium.home': homeId });
  const containers = [
    container('four-web', elsewhere('web', 'there')),
    container('four-gone', elsewhere('gone', 'there')),
    container('four-lost', elsewhere('web', 'nowhere')),
  ];
  const other = { ...lab, homeId: 'there' };
  assert.deepEqual(audit({ containers, labs: [other] }), [
    'container four-gone not_in_file',
    'container four-lost document_lost',
  ]);
  // Of a home that does not answer nothing is said, of one that has no such lab all.
  assert.deepEqual(audit({ containers, away: new Set(['other']) }), ['container four-lost document_lost']);
  assert.equal(audit({ containers, labs: [lab] }).length, 3);
});
