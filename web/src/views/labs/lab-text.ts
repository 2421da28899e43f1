// Words of a lab file for people: in the language of the page where they have it, and with its commands as they are typed for this very lab. Pure.

/** As the schema of a lab file has it. */
export type LabText = string | { readonly en?: string | undefined; readonly zh?: string | undefined };

/** In this language, or in the other where there is no better one. */
export function pickLanguage(text: LabText | undefined, language: 'en' | 'zh'): string {
  if (text === undefined) return '';
  if (typeof text === 'string') return text;
  return text[language] ?? text.en ?? text.zh ?? '';
}

/** Paragraphs, each in parts: what stands between backticks is code. */
export function readParagraphs(
  text: string,
): readonly (readonly { readonly text: string; readonly isCode: boolean }[])[] {
  return text
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) =>
      paragraph
        .trim()
        .split(/(`[^`]+`)/)
        .filter((part) => part !== '')
        .map((part) => {
          const isCode = part.length > 2 && part.startsWith('`') && part.endsWith('`');
          return { text: isCode ? part.slice(1, -1) : part, isCode };
        }),
    );
}

/** A file names its containers as those of the lab that it is named for, `NAME-web` or `NAME-$one`; the same lab for somebody has others. */
export function nameForLab(
  text: string,
  {
    written,
    lab,
    keys,
  }: { readonly written: string | undefined; readonly lab: string; readonly keys: readonly string[] },
): string {
  if (written === undefined || written === lab || keys.length === 0) return text;
  const literally = (word: string) => word.replaceAll(/[.*+?^$()|[\]{}\\-]/g, '\\$&');
  // The longest first: `web` is the beginning of `web2`.
  const names = [...keys].sort((one, other) => other.length - one.length).map(literally);
  const pattern = new RegExp(`(?<![\\w.-])${literally(written)}-(?=(?:${names.join('|')})(?![\\w-])|\\$)`, 'g');
  return text.replaceAll(pattern, () => `${lab}-`);
}

/** The name that a file gives its lab, read without reading the file: it may not be finished yet. */
export function findName(text: string): string | undefined {
  return /^\s*"?name"?:\s*["']?([a-z0-9][a-z0-9_.-]*)["']?\s*,?\s*(?:#.*)?$/m.exec(text)?.[1];
}
