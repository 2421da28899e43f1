// What a tab of the panel is. Types only.
import type { ComponentType } from 'preact';
import type { Container } from '../../../../../src/client/index.ts';

export interface TabProps {
  /** As it is known now; the last that was known where it is gone. */
  readonly container: Container;
  /** Of the link. */
  readonly query: Readonly<Record<string, string>>;
}

export interface Tab {
  /** As in links: `#/containers/ID/NAME`. */
  readonly name: string;
  /** In the current language. */
  title(): string;
  /** It changes what is inside, or shows what its owner keeps there: never of what others made, and not for who may only look. */
  readonly isInside?: boolean;
  load(): Promise<{ readonly default: ComponentType<TabProps> }>;
}
