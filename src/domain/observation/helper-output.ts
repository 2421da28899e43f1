// The answer of a helper to one tick, as text, cut into the sections that its script prints. Pure: the script itself is the service's.

/**
 * What can be asked of a helper, a closed vocabulary: the socket tables, everything about interfaces, and the text of `netstat -LETTERS` for
 * each canonical spelling (netstat-options.ts).
 */
export type HelperWord = 'sockets' | 'interfaces' | `-${string}`;

/** How much one answer may hold; what is beyond is cut and said to be (`truncated`). */
export const helperLimits = {
  /** Rows of one socket table. */
  socketRows: 5_000,
  /** Rows of a netstat text. */
  textRows: 10_000,
  /** Lines of the ifconfig text: about 1,000 interfaces. */
  ifconfigLines: 9_000,
  /** Lines of each list that accompanies the interfaces. */
  listLines: 2_000,
  /** Characters of a resolv.conf. */
  resolverBytes: 16_384,
} as const;

/** The one section that may come without a question: ask again. */
export const stirWord = 'stir';

/** `\nBOUNDARY WORDS\n` begins a section; the boundary is random, so that nothing a container names can look like it. */
export function sectionMark(boundary: string, words: string): string {
  return `\n${boundary} ${words}\n`;
}

/** The sections of an answer by name, each without the line break that belongs to the mark after it. */
export function splitSections(text: string, boundary: string): Map<string, string> {
  const sections = new Map<string, string>();
  for (const piece of text.split(`\n${boundary} `).slice(1)) {
    const end = piece.indexOf('\n');
    sections.set(piece.slice(0, end), piece.slice(end + 1));
  }
  return sections;
}

/** A text of at most `maxLines` lines; a longer one is cut after a whole line. */
export function cutLines(text: string, maxLines: number): { text: string; truncated: boolean } {
  let end = -1;
  for (let line = 0; line < maxLines; line += 1) {
    const next = text.indexOf('\n', end + 1);
    if (next === -1) return { text, truncated: false };
    end = next;
  }
  return { text: text.slice(0, end + 1), truncated: end + 1 < text.length };
}
