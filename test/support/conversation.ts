// Talks with a program that stays: a line to its stdin, an answer from its stdout, one after the other. It knows neither program nor words.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';

/** Milliseconds for one answer. */
const patienceMs = 30_000;

export class Conversation {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #endMark: string;
  #heard = '';
  #complaint = '';
  #waiting: { resolve(answer: string): void; reject(error: Error): void } | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Every answer of the program ends with `endMark`, which is in none. The program is ended with the test. */
  constructor(cleanup: Cleanup, [program, ...args]: readonly [string, ...string[]], endMark: string) {
    this.#child = spawn(program, args);
    this.#endMark = endMark;
    defer(cleanup, () => {
      this.#child.kill('SIGKILL');
    });
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#hear(chunk));
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#complaint = (this.#complaint + chunk).slice(-500);
    });
    this.#child.stdin.on('error', () => {}); // `close` tells
    this.#child.on('close', (code) => this.#waiting?.reject(new Error(`it ended with ${code}: ${this.#complaint}`)));
  }

  /** Says a line, and resolves with all that is answered before the end mark. Who speaks meanwhile waits for its turn. */
  ask(line: string): Promise<string> {
    return this.#inTurn(() => this.#child.stdin.write(`${line}\n`));
  }

  /** Waits for what the program says by itself. */
  listen(): Promise<string> {
    return this.#inTurn(() => {});
  }

  #inTurn(speak: () => void): Promise<string> {
    const answer = this.#turn.then(() => this.#answer(speak));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  #answer(speak: () => void): Promise<string> {
    if (this.#child.exitCode !== null) return Promise.reject(new Error(`it has ended: ${this.#complaint}`));
    let timer: NodeJS.Timeout | undefined;
    return new Promise<string>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms: ${this.#complaint}`)), patienceMs);
      this.#waiting = { resolve, reject };
      speak();
      this.#hear('');
    }).finally(() => {
      clearTimeout(timer);
      this.#waiting = undefined;
    });
  }

  #hear(chunk: string): void {
    this.#heard += chunk;
    const end = this.#heard.indexOf(this.#endMark);
    if (end === -1 || this.#waiting === undefined) return;
    const answer = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end + this.#endMark.length);
    this.#waiting.resolve(answer);
  }
}
