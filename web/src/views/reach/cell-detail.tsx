// One cell in words: what is predicted at each address and why, what a real connection found, the way out, and the way of the packet.
import { language } from '../../preferences.ts';
import { linkTo } from '../../router.ts';
import { Button } from '../../ui/button.tsx';
import { explainCode } from './code-texts.ts';
import type { Cell } from './matrix.ts';
import { markEntries, outside } from './matrix.ts';
import { messages } from './messages.ts';
import { PacketWay } from './packet-way.tsx';
import type { ProofBook } from './proof.ts';
import { spellEnd, wordDoor, wordMark } from './words.ts';

interface CellDetailProps {
  readonly cell: Cell | undefined;
  readonly book: ProofBook;
  readonly engine: string;
  /** Kept by the link: shown until it is let go. */
  readonly isPinned: boolean;
  readonly onPin: (isPinned: boolean) => void;
}

export function CellDetail({ cell, book, engine, isPinned, onPin }: CellDetailProps) {
  const t = messages.value;
  if (cell === undefined)
    return (
      <aside class="panel reach-detail" aria-label={t.detail}>
        <p class="quiet">{t.detailHint}</p>
      </aside>
    );
  const { from, to, column, entries, pair } = cell;
  return (
    <aside class="panel reach-detail" aria-label={t.detail}>
      <h2>
        <Named node={from} /> → <Named node={to} />
      </h2>
      <p class="quiet">{wordDoor(column)}</p>
      <div aria-live="polite">
        <p class="reach-verdict" data-verdict>
          {wordMark(from.id === to.id ? { outcome: 'self', proof: null } : markEntries(entries, book))}
        </p>
        {entries.length === 0 && <p>{wordNothing(cell)}</p>}
      </div>
      {entries.map((entry) => (
        <Entry key={`${entry.protocol} ${entry.address} ${entry.port} ${entry.at}`} entry={entry} book={book} />
      ))}
      {pair !== undefined && from.id !== outside && (
        <details>
          <summary>
            {t.names}: {pair.names.length === 0 ? t.noNames : pair.names.join(', ')}
          </summary>
          <p class="quiet" lang="en">
            {pair.namesReason}
          </p>
        </details>
      )}
      <p class="reach-tools">
        <Button onClick={() => onPin(!isPinned)} aria-pressed={isPinned}>
          {isPinned ? t.release : t.keep}
        </Button>
      </p>
      {isPinned && column.port !== null && to.kind === 'container' && from.id !== to.id && (
        <PacketWay key={`${from.id} ${to.id} ${column.door}`} from={from.id} column={column} engine={engine} />
      )}
    </aside>
  );
}

function Named({ node: { id, name, kind } }: { node: Cell['from'] }) {
  return kind === 'container' ? <a href={linkTo('containers', [id])}>{name}</a> : <span>{name}</span>;
}

function Entry({ entry, book }: { entry: Cell['entries'][number]; book: ProofBook }) {
  const t = messages.value;
  const proof = book.of(entry);
  const [meaning, wayOut] = explainCode(entry.code, language.value);
  return (
    <section class={`reach-entry reach-entry-${entry.outcome}`}>
      <h3>
        <code>{spellEnd(entry.address, entry.port)}</code> <span class="quiet">{t.addresses(entry.at)}</span>
      </h3>
      <dl>
        <dt>{t.why}</dt>
        <dd>
          {meaning} <code class="quiet">{entry.code}</code>
        </dd>
        {entry.sentence !== '' && (
          <>
            <dt>{t.serverSays}</dt>
            <dd lang="en">{entry.sentence}</dd>
          </>
        )}
        {entry.seenAs !== null && (
          <>
            <dt>{t.looksLike}</dt>
            <dd>{t.seenAs(entry.seenAs)}</dd>
          </>
        )}
        {wayOut !== null && (
          <>
            <dt>{t.wayOut}</dt>
            <dd>{wayOut}</dd>
          </>
        )}
        {proof !== null && (
          <>
            <dt>{t.found}</dt>
            <dd class={proof.proof === 'disagrees' ? 'bad' : undefined}>
              {t.results(proof.found ?? '')} ({t[proof.proof]})
            </dd>
          </>
        )}
        {!entry.verifiable && (
          <>
            <dt>{t.unverifiable}</dt>
            <dd>{entry.protocol === 'udp' ? t.udpHint : t.outsideHint}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

function wordNothing({ from, to, column }: Cell): string {
  const t = messages.value;
  if (from.id === to.id) return t.detailSelf;
  if (from.state !== 'running') return t.sourceDown(from.name, from.state);
  if (to.state !== 'running') return t.targetDown(to.name, to.state);
  return column.port === null && from.id !== outside ? t.detailEmpty : t.detailNoAddress;
}
