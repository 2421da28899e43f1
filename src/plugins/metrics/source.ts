// What a number for Prometheus is here: it is read when somebody asks, never pushed.

export type Labels = Readonly<Record<string, string>>;

/** One value of a metric, of those with these labels. */
export interface Reading {
  readonly labels: Labels;
  readonly value: number;
}

/**
 * One metric. Names follow Prometheus' conventions: complete, in snake_case, with the unit (seconds, bytes), and `_total` at the end of what only
 * grows. Labels have few values, known beforehand: one for each container would never end.
 */
export interface Source {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  /** One sentence, without a full stop. */
  readonly help: string;
  readonly read: () => Iterable<Reading>;
}
