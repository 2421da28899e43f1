// Checks and what they have come to, as lines. Pure.
import type { CheckReport, CheckResult } from '../../client/node.ts';
import type { Format, Style } from './style.ts';

const looks: Readonly<Record<CheckResult['status'], { readonly mark: string; readonly format: Format }>> = {
  pass: { mark: '✓', format: 'green' },
  fail: { mark: '✗', format: 'red' },
  error: { mark: '?', format: 'yellow' },
};

export interface CheckLook {
  readonly style: Style;
  /** The server speaks of its URLs, a person types commands. */
  readonly translate: (hint: string) => string;
}

/** A line for each, and for one that does not hold what was seen and what to look for. */
export function formatResults(results: readonly CheckResult[], look: CheckLook): string[] {
  const width = Math.max(0, ...results.map((result) => titleOf(result).length));
  return results.flatMap((result) => formatResult(result, width, look));
}

/** The same where there is only so much room: if not for all, what does not hold comes first. */
export function formatResultsWithin(room: number, results: readonly CheckResult[], look: CheckLook): string[] {
  const lines = formatResults(results, look);
  if (lines.length <= room) return lines;
  const isGood = ({ status }: CheckResult) => status === 'pass';
  return formatResults([...results.filter((one) => !isGood(one)), ...results.filter(isGood)], look);
}

function formatResult(result: CheckResult, width: number, { style, translate }: CheckLook): string[] {
  const { status, claim, evidence, hint } = result;
  const { mark, format } = looks[status];
  const line = `${style(format, mark)} ${titleOf(result).padEnd(width)}   ${claim}`;
  if (status === 'pass') return [line];
  return [
    line,
    ...indent(evidence).map((one) => style(format, one)),
    ...(hint === null ? [] : indent(translate(hint)).map((one) => style('dim', one))),
  ];
}

/** `09:14:07 ✗ listens: nothing listens on tcp/2222`: one that has changed. */
export function formatChange(result: CheckResult, { style }: Pick<CheckLook, 'style'>): string {
  const { mark, format } = looks[result.status];
  const words = result.status === 'pass' ? result.claim : `${result.claim}: ${oneLine(result.evidence)}`;
  return `${result.at} ${style(format, `${mark} ${titleOf(result)}`)}   ${words}`;
}

/** `5 hold, 1 does not`. */
export function summarizeChecks({ passed, failed, errors }: Pick<CheckReport, 'passed' | 'failed' | 'errors'>): string {
  return [
    `${passed} ${passed === 1 ? 'holds' : 'hold'}`,
    ...(failed === 0 ? [] : [`${failed} ${failed === 1 ? 'does not' : 'do not'}`]),
    ...(errors === 0 ? [] : [`${errors} could not be looked at`]),
  ].join(', ');
}

/** `listens`, and in one of several instances `listens [2]`. */
export function titleOf({ name, instance }: Pick<CheckResult, 'name' | 'instance'>): string {
  return instance === null ? name : `${name} [${instance}]`;
}

function indent(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
