// A terminal in the container: a shell, or its main process.
import { useEffect, useRef, useState } from 'preact/hooks';
import { theme } from '../../../preferences.ts';
import { goTo, linkTo } from '../../../router.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { say } from '../../../ui/toasts.tsx';
import { apiPath, cliWords } from '../panel/elsewhere.ts';
import type { TabProps } from '../panel/tab.ts';
import { messages } from './messages.ts';
import { openScreen, type Screen } from './screen.ts';
import { type Session, type SessionState, startSession } from './session.ts';
import './terminal.css';

export default function TerminalTab({ container, query }: TabProps) {
  const t = messages.value;
  const isAttached = query.attach === '1';
  const isUp = container.state === 'running' || container.state === 'paused';
  const box = useRef<HTMLDivElement>(null);
  const leave = useRef<HTMLSelectElement>(null);
  const screen = useRef<Screen | null>(null);
  const session = useRef<Session | null>(null);
  const [state, setState] = useState<SessionState>({ kind: 'connecting' });

  useEffect(() => {
    if (box.current === null) return;
    const made = openScreen(box.current, {
      input: (bytes) => session.current?.input(bytes),
      resized: (size) => session.current?.resize(size),
      left: () => leave.current?.focus(),
    });
    screen.current = made;
    return () => {
      session.current?.end();
      made.end();
      screen.current = null;
    };
  }, []);
  const connect = () => {
    if (screen.current === null) return;
    session.current?.end();
    session.current = null;
    screen.current.clear();
    if (!isUp) {
      setState({ kind: 'failed', detail: t.notRunning, hint: undefined });
      return;
    }
    session.current = startSession({ container: container.id, isAttached, screen: screen.current, changed: setState });
    screen.current.focus();
  };
  useEffect(connect, [container.id, isAttached]);
  // The colours are those of the properties that the theme sets.
  const shownTheme = theme.value;
  useEffect(() => {
    const recolour = () => screen.current?.recolour();
    recolour();
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', recolour);
    return () => system.removeEventListener('change', recolour);
  }, [shownTheme]);

  return (
    <div class="terminal-tab">
      <div class="container-tools">
        <label>
          {t.what}{' '}
          <select
            ref={leave}
            value={isAttached ? 'attach' : 'shell'}
            onChange={({ currentTarget }) =>
              goTo(
                linkTo(
                  'containers',
                  [container.id, 'terminal'],
                  currentTarget.value === 'attach' ? { attach: '1' } : {},
                ),
                { replace: true },
              )
            }
          >
            <option value="shell">{t.shell}</option>
            <option value="attach">{t.main}</option>
          </select>
        </label>
        <Button changes onClick={connect}>
          {state.kind === 'open' || state.kind === 'connecting' ? t.anew : t.reconnect}
        </Button>
        <Button
          onClick={() => void screen.current?.copy().then((isCopied) => say(isCopied ? t.copied : t.nothingToCopy))}
        >
          {t.copy}
        </Button>
        <label class="check">
          <input
            type="checkbox"
            onChange={({ currentTarget }) => screen.current?.setReadAloud(currentTarget.checked)}
          />
          {t.readAloud}
        </label>
        <CopyAs
          {...(!isAttached && { cli: cliWords(container, ['sh']) })}
          socket={{ path: apiPath(container, '/terminal', isAttached ? { attach: 'true' } : {}) }}
        />
      </div>
      <p class={`terminal-state terminal-${state.kind}`} role="status" data-terminal={state.kind}>
        {spellState(state)}
      </p>
      <div ref={box} class="terminal-box" />
      <p class="quiet terminal-keys">{t.keys}</p>
    </div>
  );
}

function spellState(state: SessionState): string {
  const t = messages.value;
  if (state.kind === 'ended') return state.exitCode === null ? t.detached : t.ended(state.exitCode);
  if (state.kind === 'failed') return [state.detail, state.hint].filter(Boolean).join('. ');
  return state.kind === 'open' ? t.open : t.connecting;
}
