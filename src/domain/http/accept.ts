// Content negotiation (RFC 9110 §12.5.1): which of the media types that we can produce a client likes best. Pure.

interface Range {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/**
 * The offer that the Accept header likes best; of equals the first. Without a header that is the first offer; null where it accepts none.
 * Parameters of ranges other than `q` are not looked at.
 *
 * @param offers media types without parameters, best first
 */
export function chooseMediaType<const Offer extends string>(
  accept: string | undefined,
  offers: readonly Offer[],
): Offer | null {
  if (accept === undefined || accept.trim() === '') return offers[0] ?? null;
  const ranges = accept.split(',').map(parseRange);
  let best: { readonly offer: Offer; readonly quality: number } | null = null;
  for (const offer of offers) {
    const quality = rate(offer, ranges);
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer ?? null;
}

function parseRange(text: string): Range {
  const [media = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const [type = '', subtype = ''] = media.split('/');
  const q = parameters.find((parameter) => /^q\s*=/.test(parameter));
  const quality = q === undefined ? 1 : Number(q.slice(q.indexOf('=') + 1));
  return { type, subtype, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** The most specific range that fits decides. */
function rate(offer: string, ranges: readonly Range[]): number {
  const [type, subtype] = offer.split('/');
  const specificity = (range: Range) => {
    if (range.type === type && range.subtype === subtype) return 3;
    if (range.type === type && range.subtype === '*') return 2;
    return range.type === '*' && range.subtype === '*' ? 1 : 0;
  };
  let best = { specificity: 0, quality: 0 };
  for (const range of ranges) {
    const found = specificity(range);
    if (found > best.specificity) best = { specificity: found, quality: range.quality };
  }
  return best.quality;
}
