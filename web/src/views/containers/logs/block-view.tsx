// A block of log lines. It is drawn again only when something of it is new: a class, because only those can say so.
import { Component } from 'preact';
import { formatTime } from '../../../i18n/format.ts';
import { hasText, markText } from './find.ts';
import type { Block, Note, ShownLine } from './log-buffer.ts';
import type { messages } from './messages.ts';

interface BlockProps {
  readonly block: Block;
  readonly withTimes: boolean;
  readonly wanted: string;
  /** Only what has the wanted text. */
  readonly isFiltered: boolean;
  /** The line that was gone to, where it is in this block. */
  readonly chosen: number | null;
  readonly texts: typeof messages.value;
}

export class BlockView extends Component<BlockProps> {
  override shouldComponentUpdate(next: BlockProps): boolean {
    const { block, withTimes, wanted, isFiltered, chosen, texts } = this.props;
    return (
      next.block !== block ||
      next.withTimes !== withTimes ||
      next.wanted !== wanted ||
      next.isFiltered !== isFiltered ||
      next.chosen !== chosen ||
      next.texts !== texts
    );
  }

  override render({ block, isFiltered, wanted, ...look }: BlockProps) {
    const lines = isFiltered ? block.lines.filter(({ pieces }) => hasText(pieces, wanted)) : block.lines;
    return (
      <div class="logs-block">
        {lines.map((line) => (
          <Line key={line.number} line={line} wanted={wanted} {...look} />
        ))}
      </div>
    );
  }
}

function Line({
  line: { number, stream, at, pieces, note },
  withTimes,
  wanted,
  chosen,
  texts,
}: { readonly line: ShownLine } & Omit<BlockProps, 'block' | 'isFiltered'>) {
  if (note !== null) return <div class="logs-note">{spellNote(note, texts)}</div>;
  return (
    <div class={`logs-line logs-${stream} ${number === chosen ? 'logs-chosen' : ''}`} data-line={number}>
      {withTimes && at !== null && (
        <time class="logs-time" dateTime={at} title={at}>
          {formatTime(at)}
          {at.slice(19, 23)}
        </time>
      )}
      <span class="logs-text">
        {wanted === ''
          ? pieces.map(({ text, classes }) => (classes === '' ? text : <span class={classes}>{text}</span>))
          : markText(pieces, wanted).map(({ text, classes, isFound }) =>
              isFound ? <mark>{text}</mark> : classes === '' ? text : <span class={classes}>{text}</span>,
            )}
      </span>
    </div>
  );
}

function spellNote(note: Note, texts: BlockProps['texts']): string {
  return note.kind === 'gap' ? texts.gap : texts.states[note.state](formatTime(note.since));
}
