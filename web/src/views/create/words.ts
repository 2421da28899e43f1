// A command line as words, the way a POSIX shell splits it, and back. No shell is asked: nothing but quotes, backslashes and blanks has a meaning.

/** The words; null where a quote is not closed, or nothing follows a backslash. */
export function readWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (quote === "'") {
      if (letter === "'") quote = null;
      else word = `${word ?? ''}${letter}`;
    } else if (letter === '\\') {
      const next = text.charAt(at + 1);
      if (next === '') return null;
      // Between double quotes a backslash is a letter, but before these.
      const isKept = quote === '"' && !'"\\$`\n'.includes(next);
      if (next !== '\n' || isKept) word = `${word ?? ''}${isKept ? '\\' : ''}${next}`;
      at += 1;
    } else if (quote === '"') {
      if (letter === '"') quote = null;
      else word = `${word ?? ''}${letter}`;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (' \t\n'.includes(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = `${word ?? ''}${letter}`;
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
}
