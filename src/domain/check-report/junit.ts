// A report of checks as JUnit XML, as CI systems read it: a test suite a lab, a test case a check.
import type { CheckReport, CheckResult } from '../../schemas/lab-check.ts';

export function renderJunit({ lab, failed, errors, results }: CheckReport): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  const total = results.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const attributes = `name="${toXml(lab)}" tests="${results.length}" failures="${failed}" errors="${errors}" time="${seconds(total)}"`;
  const cases = results.map(({ name, instance, container, durationMs, ...result }) => {
    const title = toXml(instance === null ? name : `${name} [${instance}]`);
    const open = `    <testcase classname="${toXml(container === null ? lab : `${lab}.${container}`)}" name="${title}" time="${seconds(durationMs)}">`;
    return `${open}${renderOutcome(result)}</testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${attributes}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function renderOutcome({
  status,
  claim,
  evidence,
  hint,
}: Pick<CheckResult, 'status' | 'claim' | 'evidence' | 'hint'>): string {
  const seen = `<system-out>${toXml(`${claim}\n${evidence}`)}</system-out>`;
  if (status === 'pass') return seen;
  const tag = status === 'fail' ? 'failure' : 'error';
  const words = hint === null ? evidence : `${evidence}\n${hint}`;
  return `<${tag} message="${toXml(claim)}">${toXml(words)}</${tag}>${seen}`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A reader makes spaces and line ends of its own of these.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Also of what XML 1.0 (§2.2) has no place for, whatever a program printed. */
function toXml(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const isAllowed =
      code === 9 ||
      code === 10 ||
      code === 13 ||
      (code >= 0x20 && code < 0xd800) ||
      (code > 0xdfff && code < 0xfffe) ||
      code > 0xffff;
    return isAllowed ? (entities[character] ?? character) : '\ufffd';
  }).join('');
}
