// Changes of signals, gathered and made together once a frame: however much comes, a page is drawn at most as often as it is shown. Of several
// values for one signal the last counts, and of very many some wait for the next frame: what a hundred containers say comes at one moment.
import { batch, type Signal } from '@preact/signals';

const waiting = new Map<Signal<unknown>, unknown>();
let isAsked = false;
/** Signals that change with one frame. */
const atOnce = 24;

/** Sets the signal with the next frame; of a hidden page with its next look, because a browser draws none before. */
export function setWithFrame<Value>(target: Signal<Value>, value: Value): void {
  waiting.set(target as Signal<unknown>, value);
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(flush);
}

function flush(): void {
  const changes = [...waiting].slice(0, atOnce);
  for (const [target] of changes) waiting.delete(target);
  isAsked = waiting.size > 0;
  if (isAsked) requestAnimationFrame(flush);
  batch(() => {
    for (const [target, value] of changes) target.value = value;
  });
}
