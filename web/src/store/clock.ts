// The present, for what tells how much time is left or has passed: a signal that changes every second.
import { signal } from '@preact/signals';

/** Milliseconds since the epoch. */
export const now = signal(Date.now());

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);
