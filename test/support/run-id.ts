// Names and labels that belong to one test process, so that several runs can share one engine. It touches nothing.
import { randomBytes } from 'node:crypto';

/** The label that marks what a test made directly on the engine; its value is {@link runId}. */
export const testLabel = 'io.terrarium.test';

/**
 * Unique per process. It begins with the id of the whole run where `npm test` gave one, so that the end of the run
 * can look for leftovers of all its files; letters, digits and a dash only.
 */
export const runId = [process.env.TERRARIUM_TEST_RUN ?? 'r', randomBytes(4).toString('hex')].join('-');

/** The labels of everything a test makes directly on the engine. */
export const testLabels: Record<string, string> = { [testLabel]: runId };

let count = 0;

/** A name nothing else has, valid for containers, networks and volumes: `prefix-runId-1`. */
export function uniqueName(prefix: string): string {
  count += 1;
  return `${prefix}-${runId}-${count}`;
}
