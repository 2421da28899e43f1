// What BuildKit makes of the garbage collection of `builder`, after everything else has started: sizes and times in words.
import type { Findings } from './findings.ts';
import { parseByteSize, parseDuration } from './go/sizes.ts';
import type { Reading } from './reading.ts';

/** Checks the policy, where it is enabled. */
export function checkBuilder({ values }: Reading, findings: Findings) {
  const { GC: gc } = values.builder ?? {};
  if (gc?.Enabled !== true) return;
  const refuse = (says: string, key: string, message: string) =>
    findings.error('start', `could not get builder GC policy: ${says}`, {
      key,
      code: 'invalid_value',
      message,
      fix: 'Write a size such as "10GB"',
    });
  const keep = gc.DefaultKeepStorage ?? '';
  const kept = keep === '' ? 0n : parseByteSize(keep);
  if (typeof kept !== 'bigint')
    return refuse(
      `could not parse '${keep}' as Builder.GC.DefaultKeepStorage config: ${kept.says}`,
      'builder.gc.defaultKeepStorage',
      `${JSON.stringify(keep)} is no size`,
    );
  for (const [i, rule] of (gc.Policy ?? []).entries()) {
    const size = parseByteSize(rule?.KeepStorage ?? '');
    if (typeof size !== 'bigint')
      return refuse(
        size.says,
        `builder.gc.policy[${i}]`,
        rule?.KeepStorage === undefined
          ? `The rule ${i + 1} of the builder has no "keepStorage"`
          : `${JSON.stringify(rule.KeepStorage)} is no size`,
      );
    const until = [...(rule?.Filter?.get('until') ?? [])];
    const unused = [...(rule?.Filter?.get('unused-for') ?? [])];
    if (until.length > 0 && unused.length > 0)
      return refuse(
        `conflicting filters: "until" and "unused-for"`,
        `builder.gc.policy[${i}]`,
        'A rule has both "until" and "unused-for"',
      );
    const times = [...until, ...unused];
    if (times.length > 1)
      return refuse('filters expect only one value', `builder.gc.policy[${i}]`, 'A filter has two values');
    const [time] = times;
    if (time !== undefined && parseDuration(time) === null && !isTimestamp(time))
      return refuse(
        `"${until.length > 0 ? 'until' : 'unused-for'}" filter expects a duration (e.g., '24h') or a timestamp: failed to parse value as time or duration: ${JSON.stringify(time)}`,
        `builder.gc.policy[${i}]`,
        `${JSON.stringify(time)} is no time, such as "24h"`,
      );
  }
}

function isTimestamp(text: string): boolean {
  return (
    /^\d+(\.\d+)?$/.test(text) ||
    /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?)?(Z|[+-]\d{2}:\d{2})?$/.test(text)
  );
}
