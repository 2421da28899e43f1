// What a view is to the shell. Types only.
import type { ComponentType } from 'preact';

/** Where in the view we are: the parts of the link after its name, and its query. */
export interface ViewProps {
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Something that can be done from the palette. */
export interface Command {
  /** Letters, digits and dashes; one of its kind. */
  readonly id: string;
  /** In the current language. */
  readonly title: string;
  /** Other words that find it. */
  readonly keywords?: string;
  run(): void;
}

export interface View {
  /** As in links: `#/NAME/…`. */
  readonly name: string;
  /** In the current language. */
  title(): string;
  /** Reached by links only. */
  readonly isHidden?: boolean;
  /** For who may change something: a login that may only look is not shown the way to it. */
  readonly isForChanges?: boolean;
  /** Its component, as the default export of a module that is loaded when the view is opened. */
  load(): Promise<{ readonly default: ComponentType<ViewProps> }>;
  /** Commands that the palette has wherever one is. */
  commands?(): readonly Command[];
}
