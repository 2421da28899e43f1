// Commands of the shell itself.
import { language, languages, theme, themes } from '../preferences.ts';
import { mayChange } from '../session.ts';
import { endSession } from '../store/store.ts';
import { copyText } from '../ui/copy-text.ts';
import { say } from '../ui/toasts.tsx';
import type { Command } from '../views/view.ts';
import { messages } from './messages.ts';
import { openShare } from './share.tsx';

export function listShellCommands(): readonly Command[] {
  const t = messages.value;
  const names = { en: 'English', zh: '中文' } as const;
  return [
    ...themes.map((name) => ({
      id: `theme-${name}`,
      title: t.useTheme(t.themes(name)),
      keywords: `theme ${name}`,
      run: () => {
        theme.value = name;
      },
    })),
    ...languages.map((name) => ({
      id: `language-${name}`,
      title: t.useLanguage(names[name]),
      keywords: `language ${names[name]}`,
      run: () => {
        language.value = name;
      },
    })),
    {
      id: 'copy-link',
      title: t.copyLink,
      run: () => void copyText(location.href).then((isCopied) => isCopied && say(t.copied)),
    },
    ...(mayChange.value
      ? [{ id: 'share', title: t.share, keywords: 'share projector read-only viewer', run: openShare }]
      : []),
    { id: 'log-out', title: t.logOut, keywords: 'log out', run: endSession },
  ];
}
