// Messages in both languages, typed: a key that one language lacks is an error of the compiler. A view has a file of its own for its own.
import { computed, type ReadonlySignal } from '@preact/signals';
import { language } from '../preferences.ts';

/** A text, or a function that makes one of values. */
type Message = string | ((...values: never[]) => string);
/** By key; a group of keys is a dictionary of its own. */
interface Dictionary {
  readonly [key: string]: Message | Dictionary;
}
/** What Chinese has to have: the same keys, and functions of the same values. */
type Translation<Of extends Dictionary> = {
  readonly [Key in keyof Of]: Of[Key] extends string
    ? string
    : Of[Key] extends Dictionary
      ? Translation<Of[Key]>
      : Of[Key];
};

/**
 * The dictionary of the current language, as a signal: a component that reads `.value` is drawn anew in the other one.
 *
 * @example
 * const messages = defineMessages({ en: { title: 'Map', count: (n: number) => `${n} boxes` }, zh: { title: '图', count: (n) => `${n} 个` } });
 * const t = messages.value;
 */
export function defineMessages<const English extends Dictionary>(texts: {
  readonly en: English;
  readonly zh: Translation<NoInfer<English>>;
}): ReadonlySignal<Translation<English>> {
  return computed(() => (language.value === 'zh' ? texts.zh : (texts.en as Translation<English>)));
}
