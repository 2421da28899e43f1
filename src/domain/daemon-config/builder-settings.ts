// The key `builder`: settings of BuildKit, which have types of their own. Names fit in any case, and unknown ones are passed over.

import { parseDuration } from './go/sizes.ts';
import { flag, type GoType, int64, list, map, optional, parsedText, struct, text } from './go/types.ts';

/** A filter: `["unused-for=24h"]`, or the form of the API, `{ "unused-for": { "24h": true } }`. */
const filter: GoType<ReadonlyMap<string, readonly string[]>> = {
  name: 'config.BuilderGCFilter',
  read(value, place, refuse, previous) {
    let fits = true;
    const terms = list(text).read(
      value,
      place,
      () => {
        fits = false;
      },
      undefined,
    );
    if (fits) return group((terms ?? []).map((term) => splitTerm(term ?? '')));
    const nested = map(map(flag)).read(value, place, ({ says }) => refuse({ hard: true, says }), undefined);
    return new Map(
      [...(nested ?? previous ?? [])].map(([name, values]) => [name, values instanceof Map ? [...values.keys()] : []]),
    );
  },
};

function splitTerm(term: string): readonly [string, string] {
  const equals = term.indexOf('=');
  const [name, value] = equals === -1 ? [term, ''] : [term.slice(0, equals), term.slice(equals + 1)];
  return [name.trim().toLowerCase(), value.trim()];
}

function group(terms: readonly (readonly [string, string])[]): Map<string, readonly string[]> {
  const grouped = new Map<string, readonly string[]>();
  for (const [name, value] of terms) grouped.set(name, [...new Set([...(grouped.get(name) ?? []), value])]);
  return grouped;
}

/** `24h`, or seconds: `86400`. */
const duration = parsedText('config.Duration', (spelt) => {
  const content = spelt.replace(/^"(.*)"$/s, '$1').replace(/^'(.*)'$/s, '$1');
  if (content === '') return 0;
  const known = parseDuration(content) ?? (/^[+-]?\d+$/.test(content) ? Number(content) * 1e9 : null);
  return known ?? new Error(`invalid duration ${content}`);
});

const rule = struct('config.BuilderGCRule', { All: flag, Filter: filter, KeepStorage: text });

/** The type of the key `builder`. */
export const builder = struct('config.BuilderConfig', {
  GC: struct('config.BuilderGCConfig', { Enabled: flag, Policy: list(rule), DefaultKeepStorage: text }),
  Entitlements: struct('config.BuilderEntitlements', {
    'network-host': optional(flag),
    'security-insecure': optional(flag),
  }),
  History: optional(struct('config.BuilderHistoryConfig', { MaxAge: duration, MaxEntries: int64 })),
});
