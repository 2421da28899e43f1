// The colours of the terminal, from the theme of the page.
import type { ITheme } from '@xterm/xterm';

/** As they are at this moment. */
export function readColours(element: HTMLElement): ITheme {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const cyan = style.colorScheme.includes('dark') ? '#7cd9e6' : '#0a5a66';
  const hues = {
    black: colour('--ink'),
    red: colour('--bad'),
    green: colour('--good'),
    yellow: colour('--wait'),
    blue: colour('--water'),
    magenta: colour('--violet'),
    cyan,
    white: colour('--stone'),
  };
  return {
    ...hues,
    brightBlack: colour('--quiet'),
    brightRed: hues.red,
    brightGreen: hues.green,
    brightYellow: hues.yellow,
    brightBlue: hues.blue,
    brightMagenta: hues.magenta,
    brightCyan: hues.cyan,
    brightWhite: colour('--ink'),
    background: colour('--surface'),
    foreground: colour('--ink'),
    cursor: colour('--accent'),
    cursorAccent: colour('--surface'),
    selectionBackground: colour('--accent'),
    selectionForeground: colour('--accent-ink'),
  };
}
