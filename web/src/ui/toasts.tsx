// Short messages at the edge of the page: that something was done, or why not, in the words of the problem and with its way out.
import { signal } from '@preact/signals';
import { TerrariumError } from '../../../src/client/index.ts';
import { refresh } from '../store/store.ts';
import { messages } from './messages.ts';

interface Toast {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly text: string;
  readonly hint?: string | undefined;
  readonly code?: string | undefined;
}

const shown = signal<readonly Toast[]>([]);
const doneMs = 4_000;
/** Older ones give way. */
const atMost = 4;
let count = 0;

/** Something was done. It goes by itself. */
export function say(text: string): void {
  const id = add({ kind: 'done', text });
  setTimeout(() => remove(id), doneMs);
}

/** Something failed. It stays until it is closed. */
export function reportFailure(error: unknown): void {
  if (error instanceof TerrariumError) {
    // The login form says it already.
    if (error.status === 401) return;
    add({ kind: 'failed', text: error.message, hint: error.hint, code: error.code });
  } else add({ kind: 'failed', text: error instanceof Error ? error.message : String(error) });
}

/** Does something on the server: tells why where it fails, and reads what has changed where it does not. Answers whether it was done. */
export async function perform(action: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await action();
    if (done !== undefined) say(done);
    return true;
  } catch (error) {
    reportFailure(error);
    return false;
  } finally {
    refresh();
  }
}

export function Toasts() {
  const t = messages.value;
  return (
    <div class="toasts" aria-live="polite">
      {shown.value.map(({ id, kind, text, hint, code }) => (
        <div key={id} class={`toast toast-${kind}`} role={kind === 'failed' ? 'alert' : 'status'}>
          <div>
            <p>{text}</p>
            {hint !== undefined && <p class="toast-hint">{hint}</p>}
            {code !== undefined && (
              <p class="toast-code">
                <a href={`/docs/errors#${code}`} target="_blank" rel="noreferrer">
                  {code}
                </a>
              </p>
            )}
          </div>
          <button type="button" class="toast-close" aria-label={t.close} onClick={() => remove(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}

function add(toast: Omit<Toast, 'id'>): number {
  count += 1;
  shown.value = [...shown.value.slice(1 - atMost), { id: count, ...toast }];
  return count;
}

function remove(id: number): void {
  shown.value = shown.value.filter((one) => one.id !== id);
}
