// What others have named goes to a terminal as text, never as an order to it: control characters are shown, not sent. Pure.

const esc = '\u001b';
/** The colours of style.ts, which are ours. */
const ours = `${esc}\\[(?:1|2|22|31|32|33|36|39)m`;
/** What turns the direction of text around, or ends lines unseen. */
const unseen = '\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069';
const oursOrOrder = new RegExp(`${ours}|(?![\\t\\n])\\p{Cc}|[${unseen}]`, 'gu');
const leftInJson = new RegExp(`[\\u007f-\\u009f${unseen}]`, 'g');

/** The same text with each control character as `\x1b`, or `\u202e`. Ends of lines, tabs and our own colours stay. */
export function showControls(text: string): string {
  return text.replaceAll(oursOrOrder, (found) => (found.length > 1 ? found : spell(found)));
}

/** The same for what has to stay on one line. */
export function showControlsInLine(text: string): string {
  return showControls(text).replaceAll('\n', '\\n');
}

/** JSON that means the same and holds no such character: JSON.stringify leaves those beyond C0 as they are. */
export function escapeJson(json: string): string {
  return json.replaceAll(leftInJson, (character) => `\\u${hex(character, 4)}`);
}

function spell(character: string): string {
  return character.charCodeAt(0) < 0x100 ? `\\x${hex(character, 2)}` : `\\u${hex(character, 4)}`;
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}
