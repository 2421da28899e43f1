// Words that the parts of a lab file share.
import { type Static, Type } from 'typebox';

export const itemNameRule = {
  pattern: '^[a-z0-9][a-z0-9_-]*$',
  maxLength: 63,
  description: 'a-z, 0-9, _ and -, beginning with a letter or digit',
} as const;

/** Of a container, a network or a check within its lab. It becomes part of Docker names, and a name that other containers resolve. */
export const ItemName = Type.String(itemNameRule);

const Words = (description: string) => Type.String({ minLength: 1, maxLength: 16_384, description });

/** Words for people: in one language, or in English and Chinese. */
export const Text = Type.Union(
  [
    Words('Plain text or Markdown'),
    Type.Object(
      { en: Type.Optional(Words('English')), zh: Type.Optional(Words('中文')) },
      { additionalProperties: false, minProperties: 1, title: 'text in several languages' },
    ),
  ],
  { description: 'Text, or { en, zh }' },
);
export type Text = Static<typeof Text>;
