// Compiles the tests, and what they test, once for a whole run: to load it all through a compiler costs each of 200 processes more than most of their
// tests do. It checks no types: the run does that beside.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { run } from '../setup/command.mjs';
import { projectPath, projectRoot } from '../setup/project.mjs';

const folder = projectPath('.test-build');

/** @returns {Promise<(file: string) => string>} where the compiled form of a test file is */
export async function compileTests() {
  // A file that was renamed would leave its old JavaScript behind.
  await rm(folder, { recursive: true, force: true });
  const tsc = projectPath('node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', 'tsconfig.tests.json', '--pretty', 'false'], { cwd: projectRoot });
  const tests = path.join(folder, 'test');
  for (const name of await readdir(tests, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const file = path.join(tests, name);
    const text = await readFile(file, 'utf8');
    const placed = placeModule(text, projectPath('test', name.replace(/\.js$/, '.ts')));
    if (placed !== text) await writeFile(file, placed);
  }
  return (file) => path.join(folder, file.replace(/\.ts$/, '.js'));
}

/** The module, believing that it is where its source is: tests find their files from there. @param {string} text @param {string} source */
export function placeModule(text, source) {
  const values = { dirname: path.dirname(source), filename: source, url: pathToFileURL(source).href };
  return text.replace(/\bimport\.meta\.(dirname|filename|url)\b/g, (_, name) => JSON.stringify(values[name]));
}
