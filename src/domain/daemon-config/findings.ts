// What is found in a file, in the order in which dockerd meets it: it stops at the first error, we go on as far as the rest makes sense.
import type { DaemonConfigProblem, ProblemCode } from '../../schemas/daemon-config.ts';
import type { Span } from './go/json.ts';
import type { Mend, SourceText } from './mending.ts';

/** What is said about one key. `says` are dockerd's own words. */
export interface Remark {
  readonly key: string | null;
  readonly code: ProblemCode;
  readonly message: string;
  readonly fix: string;
  /** What of `fix` can be done to the text without a person who decides what to write; each alone is enough. */
  readonly mends?: readonly Mend[];
  /** Where it stands, where the key does not say it. */
  readonly at?: Span;
}

type Found = Remark & Pick<DaemonConfigProblem, 'severity' | 'says'>;

/** How far dockerd gets: `read` and `merged` are its two steps of loading, `load` what follows, and all of them are seen by --validate. */
export type Stage = 'read' | 'merged' | 'load' | 'start';

const prefixes: Readonly<Record<Stage, string>> = {
  read: 'unable to configure the Docker daemon with file /etc/docker/daemon.json: ',
  merged:
    'unable to configure the Docker daemon with file /etc/docker/daemon.json: merged configuration validation from file and command line flags failed: ',
  load: '',
  start: '',
};

/** Of errors, and of the rest, so many are told: a file can hold thousands of mistakes, and a reader cannot. */
export const toldAtMost = 100;

export class Findings {
  readonly #errors: Found[] = [];
  readonly #remarks: Found[] = [];
  #source: SourceText | null = null;
  #untold = 0;
  #refusal: string | undefined;

  /** The text that is spoken of: with it each problem has its place. */
  readFrom(source: SourceText): void {
    this.#source = source;
  }

  /** dockerd does not start, and says why. */
  error(stage: Stage, says: string, remark: Remark): void {
    if (this.#errors.length >= toldAtMost) {
      this.#untold += 1;
      return;
    }
    const words = prefixes[stage] + says;
    if (stage !== 'start') this.#refusal ??= words;
    // What it says once of several keys is told once.
    const isRepeated = this.#errors.some((error) => error.says === words);
    this.#add(this.#errors, { severity: 'error', ...remark, says: isRepeated ? null : words });
  }

  warning(remark: Remark): void {
    this.#add(this.#remarks, { severity: 'warning', ...remark, says: null });
  }

  info(remark: Remark): void {
    this.#add(this.#remarks, { severity: 'info', ...remark, says: null });
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  /** What `dockerd --validate` says. */
  get validateSays(): string {
    return this.#refusal ?? 'configuration OK';
  }

  /** Errors, then warnings, then the rest. */
  list(): DaemonConfigProblem[] {
    const bySeverity = (severity: string) => this.#remarks.filter((remark) => remark.severity === severity);
    const more: Found = {
      severity: 'info',
      key: null,
      code: 'more_problems',
      message: `There are ${this.#untold} more problems, which are not told`,
      fix: 'Mend these first',
      says: null,
    };
    const all = [
      ...this.#errors,
      ...bySeverity('warning'),
      ...bySeverity('info'),
      ...(this.#untold === 0 ? [] : [more]),
    ];
    return all.map(({ mends = [], at, ...problem }) => ({
      ...problem,
      place: this.#source?.place(problem, at) ?? null,
      mends: this.#source?.mend(mends) ?? [],
    }));
  }

  #add(list: Found[], problem: Found): void {
    if (list.length < toldAtMost) list.push(problem);
    else this.#untold += 1;
  }
}
