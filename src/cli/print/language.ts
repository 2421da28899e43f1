// In which language a person reads: as they say, or as their environment says. Pure.

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** As programs of the system choose: the first of these variables that is set. */
export function chooseLanguage({ LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): Language {
  const locale = [LC_ALL, LC_MESSAGES, LANG].find((one) => one !== undefined && one !== '');
  return locale?.startsWith('zh') ? 'zh' : 'en';
}

/** A text in that language, or in the one that there is. */
export function inLanguage(
  text: string | { readonly en?: string | undefined; readonly zh?: string | undefined },
  language: Language,
): string {
  if (typeof text === 'string') return text;
  return text[language] ?? text.en ?? text.zh ?? '';
}
