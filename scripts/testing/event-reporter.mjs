// Reporter of one test file's process: writes each event as a JSON line to file descriptor 3, where run-file.mjs reads
// it. It prints nothing itself, so that a test's own output stays apart.
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';

/** What the runner always says at the end; the rest is about errors that belong to no running test. */
const ownCounts = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === 'test:dequeue') send({ type: 'started', name: data.name });
    if (type === 'test:pass' || type === 'test:fail') send(describe(type, data));
    if (type === 'test:diagnostic' && !ownCounts.test(data.message)) send({ type: 'note', name: data.message });
  }
  yield '';
}

function describe(type, { name, nesting, details, skip }) {
  const event = { name, nesting, durationMs: details?.duration_ms ?? 0, suite: details?.type === 'suite' };
  if (type === 'test:pass' && skip === undefined) return { ...event, type: 'passed' };
  // Without a reason, node says `true`.
  if (type === 'test:pass') return { ...event, type: 'skipped', reason: typeof skip === 'string' ? skip : '' };
  const { error } = details;
  return {
    ...event,
    type: 'failed',
    onlyBelow: error?.failureType === 'subtestsFailed',
    error: inspect(error?.cause ?? error, { depth: 4 }),
  };
}

function send(event) {
  writeSync(3, `${JSON.stringify(event)}\n`);
}
