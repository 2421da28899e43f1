// A typed line as the words of a command, by the quoting of shells: '…', "…" and \. No shell reads them. Pure.

/** null where a quote is not closed, or the last character is a backslash. */
export function splitWords(line: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let index = 0; index < line.length; index += 1) {
    const one = line[index] ?? '';
    const next = line[index + 1];
    if (quote !== null) {
      if (one === quote) quote = null;
      else if (quote === '"' && one === '\\' && (next === '"' || next === '\\')) {
        word += next;
        index += 1;
      } else word += one;
    } else if (one === '"' || one === "'") {
      quote = one;
      word ??= '';
    } else if (one === '\\') {
      if (next === undefined) return null;
      word = (word ?? '') + next;
      index += 1;
    } else if (/\s/.test(one)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + one;
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
}
