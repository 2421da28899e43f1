// What a person chose for this browser: language and theme. Kept in localStorage; without a choice the system's own count.
import { effect, signal } from '@preact/signals';

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];
export const themes = ['auto', 'light', 'dark', 'projector'] as const;
export type Theme = (typeof themes)[number];

export const language = signal<Language>(
  read('terrarium.language', languages) ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'),
);
export const theme = signal<Theme>(read('terrarium.theme', themes) ?? 'auto');

/** Keeps the document and the storage as the signals say. */
export function applyPreferences(): void {
  const root = document.documentElement;
  effect(() => {
    root.lang = language.value === 'zh' ? 'zh-CN' : 'en';
    write('terrarium.language', language.value);
  });
  effect(() => {
    if (theme.value === 'auto') delete root.dataset.theme;
    else root.dataset.theme = theme.value;
    write('terrarium.theme', theme.value);
  });
}

function read<Value extends string>(key: string, allowed: readonly Value[]): Value | undefined {
  try {
    const stored = localStorage.getItem(key);
    return allowed.find((value) => value === stored);
  } catch {
    return undefined;
  }
}

/** A browser that keeps nothing still shows what was chosen. */
function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {}
}
