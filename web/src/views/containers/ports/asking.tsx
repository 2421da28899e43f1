// Which port, and who connects to it.
import { useState } from 'preact/hooks';
import type { Container } from '../../../../../src/client/index.ts';
import { store } from '../../../store/store.ts';
import { Button } from '../../../ui/button.tsx';
import { messages } from './messages.ts';
import type { Question } from './question.ts';

interface AskingProps {
  readonly container: Container;
  readonly question: Question | null;
  readonly onAsk: (question: Question) => void;
}

export function Asking({ container, question, onAsk }: AskingProps) {
  const t = messages.value;
  const [port, setPort] = useState(question === null ? '' : String(question.port));
  const [protocol, setProtocol] = useState(question?.protocol ?? 'tcp');
  const from = question?.from ?? 'outside';
  const others = store.containers.all.value.filter(
    ({ id, engine, state }) => id !== container.id && engine === container.engine && state === 'running',
  );
  const isContainer = others.some(({ id, name }) => from === id || from === name);
  const [source, setSource] = useState(from);
  const ask = () => onAsk({ port: Number(port), protocol, from: source });
  const isOther = source !== 'outside' && source !== 'host' && !isContainer && from === source;
  return (
    <form
      class="container-tools ports-asking"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <label>
        {t.from}{' '}
        <select
          value={source}
          onChange={({ currentTarget }) => {
            setSource(currentTarget.value);
            if (port !== '') onAsk({ port: Number(port), protocol, from: currentTarget.value });
          }}
        >
          <option value="outside">{t.outside}</option>
          <option value="host">{t.host}</option>
          {isOther && <option value={source}>{source}</option>}
          <optgroup label={t.containers}>
            {others.map(({ id, name }) => (
              <option key={id} value={name}>
                {name}
              </option>
            ))}
          </optgroup>
        </select>
      </label>
      <label>
        {t.toPort}{' '}
        <input
          type="number"
          class="ports-number"
          min={1}
          max={65535}
          required
          value={port}
          onInput={({ currentTarget }) => setPort(currentTarget.value)}
        />
      </label>
      <label>
        <span class="visually-hidden">{t.protocol}</span>
        <select value={protocol} onChange={({ currentTarget }) => setProtocol(currentTarget.value as 'tcp' | 'udp')}>
          <option value="tcp">tcp</option>
          <option value="udp">udp</option>
        </select>
      </label>
      <Button type="submit">{t.showPath}</Button>
    </form>
  );
}
