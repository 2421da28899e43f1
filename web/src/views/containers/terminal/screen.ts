// The screen of a terminal: xterm in an element, as large as that is, in the colours of the page. It knows no server.
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { copyText } from '../../../ui/copy-text.ts';
import { readColours } from './colours.ts';
import { lendStyles } from './lent-styles.ts';
import '@xterm/xterm/css/xterm.css';

export interface ScreenListener {
  /** Typed or pasted, as the program is to get it. */
  input(bytes: string | Uint8Array): void;
  resized(size: { cols: number; rows: number }): void;
  /** Shift-Escape: the keyboard goes elsewhere. Everything else is the program's. */
  left(): void;
}

export interface Screen {
  readonly size: { readonly cols: number; readonly rows: number };
  /** Resolves when it is drawn: who writes waits for that. */
  write(bytes: Uint8Array | string): Promise<void>;
  clear(): void;
  focus(): void;
  /** Copies what is selected; false where nothing is. */
  copy(): Promise<boolean>;
  /** Follows the theme. */
  recolour(): void;
  setReadAloud(isOn: boolean): void;
  end(): void;
}

const scrollback = 5_000;

export function openScreen(element: HTMLElement, listener: ScreenListener): Screen {
  const giveBack = lendStyles();
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const terminal = new Terminal({
    scrollback,
    fontFamily: getComputedStyle(element).getPropertyValue('--mono'),
    fontSize: Math.round(rem * 0.875),
    cursorBlink: true,
    minimumContrastRatio: 4.5,
    theme: readColours(element),
    // A link that a program prints leads nowhere: its text is what is there.
    linkHandler: { activate: () => {} },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(element);
  fit.fit();
  terminal.onData((text) => listener.input(text));
  terminal.onBinary((text) => listener.input(Uint8Array.from(text, (one) => one.charCodeAt(0))));
  terminal.onResize(listener.resized);
  const copy = async () => terminal.hasSelection() && copyText(terminal.getSelection());
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key === 'Escape' && event.shiftKey) {
      if (event.type === 'keydown') listener.left();
      return false;
    }
    if (!(event.ctrlKey && event.shiftKey)) return true;
    if (event.code === 'KeyC') {
      event.preventDefault();
      if (event.type === 'keydown') void copy();
      return false;
    }
    // The browser pastes it, and xterm hears that.
    return event.code !== 'KeyV';
  });
  const sizes = new ResizeObserver(() => fit.fit());
  sizes.observe(element);
  return {
    get size() {
      return { cols: terminal.cols, rows: terminal.rows };
    },
    write: (bytes) => new Promise((resolve) => terminal.write(bytes, resolve)),
    clear: () => terminal.reset(),
    focus: () => terminal.focus(),
    copy,
    recolour() {
      terminal.options.theme = readColours(element);
    },
    setReadAloud(isOn) {
      terminal.options.screenReaderMode = isOn;
    },
    end() {
      sizes.disconnect();
      terminal.dispose();
      giveBack();
    },
  };
}
