// The text that is worked on: in the sessionStorage of this tab and nowhere else, because a daemon.json may say much about a host.
import { signal } from '@preact/signals';

const key = 'terrarium.daemon-json';

export const draft = signal(read());

export function setDraft(text: string): void {
  draft.value = text;
  try {
    sessionStorage.setItem(key, text);
  } catch {}
}

function read(): string {
  try {
    return sessionStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}
