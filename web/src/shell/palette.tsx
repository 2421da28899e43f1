// The command palette (Ctrl-K): everything that can be done or opened, found by typing.
import { signal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { linkTo } from '../router.ts';
import { store } from '../store/store.ts';
import { Dialog } from '../ui/dialog.tsx';
import { listShownViews } from '../views/registry.ts';
import type { Command } from '../views/view.ts';
import { listShellCommands } from './commands.ts';
import { findCommands } from './find-commands.ts';
import { messages } from './messages.ts';

const isOpen = signal(false);
/** More would be no answer. */
const shownAtMost = 12;

export function openPalette(): void {
  isOpen.value = true;
}

export function Palette({ go }: { go: (link: string) => void }) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      isOpen.value = !isOpen.value;
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return isOpen.value ? <OpenPalette go={go} /> : null;
}

function OpenPalette({ go }: { go: (link: string) => void }) {
  const t = messages.value;
  const typed = useSignal('');
  const chosen = useSignal(0);
  const list = useRef<HTMLDivElement>(null);
  const found = useComputed(() => findCommands(listCommands(go), typed.value).slice(0, shownAtMost));
  const close = () => {
    isOpen.value = false;
  };
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    close();
    command.run();
  };
  const press = (event: KeyboardEvent) => {
    const count = found.value.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && count > 0) chosen.value = (chosen.value + step + count) % count;
    else if (event.key === 'Enter') run(found.value[chosen.value]);
    else return;
    event.preventDefault();
  };
  const active = found.value[chosen.value];
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  });
  return (
    <Dialog label={t.palette} onClose={close} class="palette">
      <input
        type="text"
        role="combobox"
        aria-label={t.paletteHint}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={active === undefined ? undefined : `command-${active.id}`}
        aria-autocomplete="list"
        placeholder={t.paletteHint}
        autocomplete="off"
        spellcheck={false}
        value={typed.value}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={press}
      />
      {found.value.length === 0 && <p class="quiet">{t.paletteNone}</p>}
      <div id="palette-list" role="listbox" aria-label={t.palette} tabIndex={-1} ref={list}>
        {found.value.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the input that holds the focus
          <div
            key={command.id}
            id={`command-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen.value}
            onClick={() => run(command)}
          >
            {command.title}
          </div>
        ))}
      </div>
    </Dialog>
  );
}

function listCommands(go: (link: string) => void): readonly Command[] {
  const t = messages.value;
  return [
    ...listShownViews().map(({ name, title }) => ({
      id: `view-${name}`,
      title: t.goTo(title()),
      run: () => go(linkTo(name)),
    })),
    ...listShownViews().flatMap(({ commands }) => commands?.() ?? []),
    ...listShellCommands(),
    ...store.containers.all.value
      .filter(({ managed }) => managed)
      .map(({ id, name }) => ({ id, title: t.openContainer(name), run: () => go(linkTo('containers', [id])) })),
  ];
}
