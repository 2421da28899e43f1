// What a terminal obeys, as a test looks for it in what is shown. It shares no code with src/cli.

const esc = '\u001b';

/** Control characters but the ends of lines and tabs, and what turns the direction of text around. */
const orders = /(?![\t\n\r])\p{Cc}|[\u2028-\u202e\u2066-\u2069]/u;

/** The command's own: colours, and what draws a text in its place. */
const own = new RegExp(`${esc}\\[(?:(?:1|2|22|31|32|33|36|39)m|\\d+A|J|\\?25[lh]|\\?7[lh])`, 'g');

/** The first order in a text that is not the command's own, with what is around it; null where there is none. */
export function findOrder(shown: string): string | null {
  const rest = shown.replaceAll(own, '').replaceAll('\r\n', '\n');
  const at = orders.exec(rest)?.index ?? rest.indexOf('\r');
  return at < 0 ? null : JSON.stringify(rest.slice(Math.max(0, at - 60), at + 60));
}
