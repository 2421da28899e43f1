// The rows of a live table with their marks, which are taken off again when their time is over.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Marked, markChanges, markMs } from './changes.ts';

interface Identified {
  readonly id: string;
}

/** `subject`: what is looked at; of another one nothing that is there is new. `rows` null: nothing is known yet. */
export function useChanges<Row extends Identified>(
  subject: string,
  rows: readonly Row[] | null,
  isSame: (one: Row, other: Row) => boolean,
): readonly Marked<Row>[] {
  const held = useRef<{ subject: string; rows: readonly Row[] | null; marked: readonly Marked<Row>[] | null }>({
    subject,
    rows: null,
    marked: null,
  });
  const [ticks, tick] = useState(0);
  const last = held.current.subject === subject ? held.current : { subject, rows: null, marked: null };
  const answered = useRef(ticks);
  if (rows !== null && (last.rows !== rows || answered.current !== ticks)) {
    answered.current = ticks;
    held.current = { subject, rows, marked: markChanges(last.marked, rows, performance.now(), isSame) };
  } else held.current = last;
  const marked = held.current.marked ?? [];
  const soonest = Math.min(...marked.filter(({ mark }) => mark !== null).map(({ since }) => since + markMs));
  useEffect(() => {
    if (soonest === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(() => tick((count) => count + 1), Math.max(0, soonest - performance.now()) + 20);
    return () => clearTimeout(timer);
  }, [soonest]);
  return marked;
}
