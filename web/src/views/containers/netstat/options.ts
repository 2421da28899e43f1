// The letters of netstat, as they stand in the link. Pure.

export const kinds = ['t', 'u', 'w'] as const;
export type Kind = (typeof kinds)[number];
/** Listening or not: `a` both, `l` those that listen, nothing those that are connected. */
export type Range = 'a' | 'l' | '';

export interface Choice {
  readonly kinds: readonly Kind[];
  readonly range: Range;
}

/** Of a link that says nothing: everything. */
export function readOptions(letters = 'tuwa'): Choice {
  return {
    kinds: kinds.filter((kind) => letters.includes(kind)),
    range: letters.includes('l') ? 'l' : letters.includes('a') ? 'a' : '',
  };
}

/** In the order of the server; `n` always, which is implied anyway, so that no choice is empty. */
export function spellOptions({ kinds: chosen, range }: Choice): string {
  return `${kinds.filter((kind) => chosen.includes(kind)).join('')}${range}n`;
}
