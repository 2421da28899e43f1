// What the container writes, as it writes it: with its colours, to be held still and searched.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { apiPath, cliWords } from '../panel/elsewhere.ts';
import type { TabProps } from '../panel/tab.ts';
import { BlockView } from './block-view.tsx';
import { hasText } from './find.ts';
import type { Block } from './log-buffer.ts';
import { messages } from './messages.ts';
import { useLogs } from './use-logs.ts';
import './ansi.css';
import './logs.css';

/** Pixels from its end at which somebody still means the end. */
const nearEnd = 16;

export default function LogsTab({ container }: TabProps) {
  const t = messages.value;
  const { buffer, failure } = useLogs(container.id);
  const [held, hold] = useState<{ readonly blocks: readonly Block[]; readonly count: number } | null>(null);
  const [withTimes, setWithTimes] = useState(false);
  const [isFiltered, setFiltered] = useState(false);
  const [wanted, setWanted] = useState('');
  const [chosen, choose] = useState<number | null>(null);
  const blocks = held?.blocks ?? buffer.blocks;
  const found = wanted === '' ? [] : listFound(blocks, wanted);
  const box = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);

  useEffect(() => {
    const element = box.current;
    if (element !== null && isAtEnd.current && held === null) element.scrollTop = element.scrollHeight;
  });
  const go = (step: number) => {
    const index = chosen === null ? -1 : found.indexOf(chosen);
    const next = found.at(index === -1 ? (step > 0 ? 0 : -1) : (index + step) % found.length);
    if (next === undefined) return;
    isAtEnd.current = false;
    choose(next);
    box.current?.querySelector(`[data-line="${next}"]`)?.scrollIntoView({ block: 'center' });
  };

  return (
    <div class="logs">
      <div class="container-tools">
        <Button
          aria-pressed={held !== null}
          onClick={() => hold(held === null ? { blocks: buffer.blocks, count: buffer.count } : null)}
        >
          {held === null ? t.pause : t.goOn}
        </Button>
        <label class="check">
          <input
            type="checkbox"
            checked={withTimes}
            onChange={({ currentTarget }) => setWithTimes(currentTarget.checked)}
          />
          {t.times}
        </label>
        <input
          type="search"
          aria-label={t.find}
          placeholder={t.find}
          value={wanted}
          onInput={({ currentTarget }) => {
            setWanted(currentTarget.value);
            choose(null);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            go(event.shiftKey ? -1 : 1);
          }}
        />
        <Button disabled={found.length === 0} onClick={() => go(-1)} aria-label={t.previous}>
          ↑
        </Button>
        <Button disabled={found.length === 0} onClick={() => go(1)} aria-label={t.next}>
          ↓
        </Button>
        <label class="check">
          <input
            type="checkbox"
            checked={isFiltered}
            onChange={({ currentTarget }) => setFiltered(currentTarget.checked)}
          />
          {t.onlyFound}
        </label>
        <span class="quiet" role="status">
          {wanted !== '' && t.found(found.length)}
          {held !== null && ` ${t.held(buffer.count - held.count)}`}
        </span>
        <CopyAs
          call={{ method: 'GET', path: apiPath(container, '/logs', { follow: 'true' }) }}
          cli={cliWords(container, ['logs', '-f'])}
          socket={{
            path: '/api/v1/stream',
            say: [{ type: 'subscribe', id: '1', topic: 'logs', container: container.name }],
          }}
        />
      </div>
      {failure !== null && (
        <p class="container-notice container-notice-bad" role="alert">
          {failure.message}
        </p>
      )}
      <section
        ref={box}
        class="logs-box"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        tabIndex={0}
        aria-label={t.label(container.name)}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearEnd;
        }}
      >
        {blocks.map((block) => (
          <BlockView
            key={block.number}
            block={block}
            withTimes={withTimes}
            wanted={wanted}
            isFiltered={isFiltered && wanted !== ''}
            chosen={block.lines.some(({ number }) => number === chosen) ? chosen : null}
            texts={t}
          />
        ))}
        {buffer.count === 0 && failure === null && <p class="quiet">{t.nothing}</p>}
      </section>
    </div>
  );
}

function listFound(blocks: readonly Block[], wanted: string): readonly number[] {
  return blocks.flatMap(({ lines }) =>
    lines.filter(({ pieces }) => hasText(pieces, wanted)).map(({ number }) => number),
  );
}
