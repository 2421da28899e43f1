// What a benchmark reports, and how it is printed: one row a claim, with the measured value, the goal and whether it holds.

export interface Row {
  readonly what: string;
  readonly value: string;
  readonly goal: string;
  readonly holds: boolean;
  /** How it was measured, and the peers' absolute numbers. */
  readonly detail: string;
}

export interface Benchmark {
  readonly name: string;
  readonly describe: string;
  run(log: (line: string) => void): Promise<Row[]>;
}

/** The rows as a Markdown table. */
export function toMarkdown(rows: readonly Row[]): string {
  const head = '| what | measured | goal | holds | how |\n| --- | --- | --- | --- | --- |';
  const lines = rows.map(
    (row) => `| ${row.what} | ${row.value} | ${row.goal} | ${row.holds ? 'yes' : '**no**'} | ${row.detail} |`,
  );
  return [head, ...lines].join('\n');
}
