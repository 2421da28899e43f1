// Counts from the first look at a question on, or from where somebody said to count anew.
import { useRef, useState } from 'preact/hooks';
import type { PacketPath } from '../../../../../src/client/index.ts';
import { type Count, readCounters } from './counters.ts';

const nothing: Count = { question: '', first: new Map(), before: new Map(), newest: new Map() };

export function useCount(question: string, path: PacketPath | null): readonly [Count, () => void] {
  const held = useRef<{ path: PacketPath | null; count: Count }>({ path: null, count: nothing });
  const [, draw] = useState(0);
  if (path !== null && path !== held.current.path) {
    const newest = readCounters(path);
    const { count: last } = held.current;
    const isFirst = last.question !== question;
    const count = {
      question,
      first: isFirst ? newest : new Map([...newest, ...last.first]),
      before: isFirst ? newest : last.newest,
      newest,
    };
    held.current = { path, count };
  }
  const restart = () => {
    const { count, path: seen } = held.current;
    held.current = { path: seen, count: { ...count, first: count.newest } };
    draw((times) => times + 1);
  };
  return [held.current.count, restart];
}
