// One terminal between a screen and a container, at the pace of the slower side. A new one for each time that somebody connects.
import { TerrariumError } from '../../../../../src/client/index.ts';
import { client } from '../../../store/store.ts';
import type { Screen } from './screen.ts';

export type SessionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** null: the process goes on without us. */
  | { readonly kind: 'ended'; readonly exitCode: number | null }
  | { readonly kind: 'failed'; readonly detail: string; readonly hint: string | undefined };

export interface Session {
  input(bytes: string | Uint8Array): void;
  resize(size: { cols: number; rows: number }): void;
  /** A shell, and all that was started in it, ends with it. */
  end(): void;
}

interface SessionOptions {
  /** Full id. */
  readonly container: string;
  /** To the main process in place of a shell. */
  readonly isAttached: boolean;
  readonly screen: Screen;
  readonly changed: (state: SessionState) => void;
}

/** Bytes that the screen was given and has not drawn, at which it is waited for. */
const maxUndrawn = 131_072;

export function startSession({ container, isAttached, screen, changed }: SessionOptions): Session {
  const ending = new AbortController();
  const { signal } = ending;
  const opening = client().containers.terminal(container, {
    ...screen.size,
    ...(isAttached && { attach: true }),
    signal,
  });
  let undrawn = 0;
  const run = async () => {
    const terminal = await opening;
    changed({ kind: 'open' });
    for await (const bytes of terminal.output) {
      const isDrawn = screen.write(bytes);
      undrawn += bytes.length;
      void isDrawn.then(() => {
        undrawn -= bytes.length;
      });
      // The server waits while the screen draws; not for each piece of it, as a program may write a line at a time.
      if (undrawn > maxUndrawn) await isDrawn;
    }
    changed({ kind: 'ended', ...(await terminal.exit) });
  };
  changed({ kind: 'connecting' });
  run().catch((error: unknown) => {
    if (signal.aborted) return;
    const hint = error instanceof TerrariumError ? error.hint : undefined;
    changed({ kind: 'failed', detail: error instanceof Error ? error.message : String(error), hint });
  });
  const tell = (act: (terminal: Awaited<typeof opening>) => void) => void opening.then(act, () => {});
  return {
    input: (bytes) => tell((terminal) => terminal.write(bytes)),
    resize: (size) => tell((terminal) => terminal.resize(size)),
    end() {
      ending.abort();
      tell((terminal) => terminal.close());
    },
  };
}
