// JUnit XML of checks, read by a browser's XML parser: what programs and files say is text in it and nothing else, whatever it is.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { renderJunit } from '../../../src/domain/check-report/junit.ts';
import type { CheckReport, CheckResult } from '../../../src/schemas/lab-check.ts';
import { startBrowser } from '../../support/browser.ts';
import fc from '../../support/fast-check.ts';
import { differentialRun } from '../../support/generated-strings.ts';

const browser = await startBrowser({ after });

/** Ends of elements, of attributes and of documents; what XML has no place for; what its readers change. */
const words = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '</system-out>',
        ']]>',
        '<!--',
        '<![CDATA[',
        '"/><x y="',
        '&lt;',
        '&#0;',
        '\r\n',
        '\t',
        '\u001b[2J',
      ),
      fc.constantFrom('\0', '\ud800', '\uffff', '\u2028', '\u0085', '😀', "'", ' '),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const result: fc.Arbitrary<CheckResult> = fc.record({
  name: words,
  instance: fc.option(fc.nat(30)),
  kind: fc.constant('listens' as const),
  container: fc.option(words),
  status: fc.constantFrom('pass' as const, 'fail' as const, 'error' as const),
  claim: words,
  evidence: words,
  hint: fc.option(words),
  at: fc.constant('2026-01-01T00:00:00.000Z'),
  durationMs: fc.nat(90_000),
});

const report: fc.Arbitrary<CheckReport> = fc
  .record({ lab: words, results: fc.array(result, { minLength: 1, maxLength: 4 }) })
  .map(({ lab, results }) => {
    const count = (status: string) => results.filter((one) => one.status === status).length;
    const [passed, failed, errors] = [count('pass'), count('fail'), count('error')];
    return { lab, engine: 'local', status: 'fail', passed, failed, errors, results };
  });

/** Every element in order: its name, attributes and own text. */
const read = `(text) => {
  const page = new DOMParser().parseFromString(text, 'application/xml');
  return [...page.querySelectorAll('*')].map((one) => ({
    name: one.localName,
    attributes: Object.fromEntries([...one.attributes].map(({ name, value }) => [name, value])),
    text: one.children.length > 0 ? '' : one.textContent,
  }));
}`;

/** What there is no place for in XML 1.0, §2.2, by its own words. */
const asXml = (text: string) =>
  text.replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd');
const seconds = (ms: number) => `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`;

function expected({ lab, failed, errors, results }: CheckReport) {
  const total = results.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const suite = {
    name: asXml(lab),
    tests: String(results.length),
    failures: String(failed),
    errors: String(errors),
    time: seconds(total),
  };
  return [
    { name: 'testsuites', attributes: {}, text: '' },
    { name: 'testsuite', attributes: suite, text: '' },
    ...results.flatMap(({ name, instance, container, status, claim, evidence, hint, durationMs }) => [
      {
        name: 'testcase',
        attributes: {
          classname: asXml(container === null ? lab : `${lab}.${container}`),
          name: asXml(instance === null ? name : `${name} [${instance}]`),
          time: seconds(durationMs),
        },
        text: '',
      },
      ...(status === 'pass'
        ? []
        : [
            {
              name: status === 'fail' ? 'failure' : 'error',
              attributes: { message: asXml(claim) },
              text: asXml(hint === null ? evidence : `${evidence}\n${hint}`),
            },
          ]),
      { name: 'system-out', attributes: {}, text: asXml(`${claim}\n${evidence}`) },
    ]),
  ];
}

test('what is read is what was said', async () => {
  const page = await browser.newPage();
  const { cases, seed } = differentialRun(400);
  const reports = fc.sample(report, { numRuns: cases, seed });
  const texts = reports.map(renderJunit);
  // A lone surrogate would not travel to the browser as it is.
  for (const text of texts) assert.equal(Buffer.from(text).toString(), text, 'it is UTF-8');
  const seen = await page.evaluate<unknown[]>(`${JSON.stringify(texts)}.map(${read})`);
  for (const [index, one] of reports.entries())
    assert.deepEqual(seen[index], expected(one), `seed ${seed}, case ${index}:\n${texts[index]}`);
});
