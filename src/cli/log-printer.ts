// Prints a container's log, each line once: followed over cuts and restarts of the server, it goes on behind the last line that was printed.
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogLine, LogPlace, type TerrariumClient, TerrariumError } from '../client/node.ts';
import { isPassing } from './errors.ts';
import type { Invocation } from './invocation.ts';

export interface LogLook {
  /** The time before each line. */
  readonly withTime?: boolean;
}

const retryMs = 500;

export class LogPrinter {
  readonly #run: Invocation;
  readonly #client: TerrariumClient;
  readonly #container: string;
  readonly #look: LogLook;
  readonly #place = new LogPlace();
  readonly #isWhole = { stdout: true, stderr: true };

  constructor(run: Invocation, client: TerrariumClient, container: string, look: LogLook = {}) {
    this.#run = run;
    this.#client = client;
    this.#container = container;
    this.#look = look;
  }

  /** What is there, behind what was printed. */
  async read(query: { tail?: number | 'all'; engine?: string }, signal: AbortSignal): Promise<void> {
    const tail = this.#place.hasBegun ? 'all' : query.tail;
    const lines = this.#client.containers.logs(this.#container, {
      ...query,
      ...(tail !== undefined && { tail }),
      signal,
    });
    for await (const line of lines) await this.#print(line);
  }

  /** Until the container is removed, or the signal is aborted. */
  async follow(query: { tail?: number | 'all'; engine?: string }, signal: AbortSignal): Promise<void> {
    let isCut = false;
    for (;;) {
      try {
        // A server that was started anew would deny what it does not know yet.
        if (isCut) await this.#client.operations.readiness({ signal });
        const tail = this.#place.hasBegun ? 'all' : query.tail;
        const lines = this.#client.containers.logs(this.#container, {
          ...query,
          ...(tail !== undefined && { tail }),
          follow: true,
          signal,
        });
        for await (const line of lines) {
          if (isCut) this.#run.note('connected again');
          isCut = false;
          await this.#print(line);
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (isCut && error instanceof TerrariumError && error.code === 'container_not_found') return;
        // Node's HTTP client takes an answer that says nothing for five minutes for dead; a log may be that quiet.
        if (error instanceof TerrariumError && error.message.includes('UND_ERR_BODY_TIMEOUT')) continue;
        if (!isPassing(error) || (!this.#place.hasBegun && !isCut)) throw error;
        if (!isCut) this.#run.note(`${(error as Error).message}; trying again`);
        isCut = true;
        await sleep(retryMs, undefined, { signal });
      }
    }
  }

  async #print(read: LogLine): Promise<void> {
    if (!this.#place.pass(read)) return;
    const { stream, at, line, partial } = read;
    if (this.#run.isJson) {
      this.#run.printJson({ stream, at, line, ...(partial && { partial }) }, 'line');
      return;
    }
    const time = this.#look.withTime && this.#isWhole[stream] ? `${at} ` : '';
    this.#isWhole[stream] = partial !== true;
    const output = stream === 'stdout' ? this.#run.stdout : process.stderr;
    if (output.write(`${time}${line}${partial ? '' : '\n'}`)) return;
    await new Promise((resolve) => output.once('drain', resolve));
  }
}
