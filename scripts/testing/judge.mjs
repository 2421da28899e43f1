// Turns what a test file reported into its result, and keeps the output of a file that failed. It decides nothing: see tally.mjs.
import { appendFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '../setup/project.mjs';
import { nameSources } from './source-lines.mjs';
import { tallyFile } from './tally.mjs';

/**
 * @param {import('./run-file.mjs').FileRun} run
 * @returns {Promise<import('./second-run.mjs').JudgedRun>} its errors name the sources. The output file is removed if the file passed; else it ends
 *   with the failures
 */
export async function judgeRun(run) {
  const tally = tallyFile(run.events, run);
  for (const failure of tally.failures) failure.error = await nameSources(failure.error);
  const outputFile = path.resolve(projectRoot, run.outputFile);
  const failures = tally.failures.map(({ name, error }) => `✖ ${name}\n${error}\n`).join('');
  if (failures === '') await rm(outputFile, { force: true });
  else await appendFile(outputFile, `\n${failures}`);
  return { ...run, output: await nameSources(run.output), tally };
}
