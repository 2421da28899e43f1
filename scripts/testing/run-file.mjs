// Runs one test file in a process of its own and watches that it moves. It judges nothing: see tally.mjs.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { projectPath, projectRoot } from '../setup/project.mjs';

/** The end of the output that is kept in memory, in characters; the output file has all of it. */
const keptOutput = 200_000;

/**
 * @typedef {{ file: string, events: import('./tally.mjs').TestEvent[], code: number | null, problem?: string, output: string, outputFile: string,
 *   durationMs: number }} FileRun `output` is the end of what the file printed
 */

/**
 * @param {string} file relative to the project
 * @param {{ env: Record<string, string>, testDeadlineMs: number, idleDeadlineMs?: number, outputFile: string,
 *   compiled?: (file: string) => string }} options the file is killed if a single test takes longer than `testDeadlineMs`, or if no test runs for
 *   `idleDeadlineMs`. `outputFile`, relative to the project, takes all that the file prints. `compiled` says where its compiled form is, where there is one
 * @returns {Promise<FileRun>}
 */
export function runFile(file, { env, testDeadlineMs, idleDeadlineMs = 60_000, outputFile, compiled }) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const written = path.resolve(projectRoot, outputFile);
    mkdirSync(path.dirname(written), { recursive: true });
    const copy = createWriteStream(written).on('error', reject);
    const reporter = [
      '--test-reporter',
      projectPath('scripts', 'testing', 'event-reporter.mjs'),
      '--test-reporter-destination',
      'stdout',
    ];
    const program = compiled === undefined ? ['--import', 'tsx', ...reporter, file] : [...reporter, compiled(file)];
    const child = spawn(process.execPath, program, {
      cwd: projectRoot,
      // Within `node --test` the runner would take this file for one of its own, and the reporter would be ignored.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // A session of its own: where a process of one file is stopped (SIGSTOP) and the group loses its session's last parent, by an example that runs
      // `timeout` in another file, the kernel hangs up the whole group (setpgid(2)).
      detached: true,
    });
    // With what it started: nothing of it must go on alone.
    const kill = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {} // it has ended
    };
    const events = [];
    const running = new Map();
    let problem;
    let output = '';
    let timer;

    const watch = () => {
      clearTimeout(timer);
      const names = [...running.keys()];
      const limit = names.length > 0 ? testDeadlineMs : idleDeadlineMs;
      timer = setTimeout(() => {
        const doing =
          names.length > 0
            ? `still running: ${names.join(' > ')}`
            : 'no test is running: something it opened is not closed';
        problem = `killed after ${limit / 1000} s without news; ${doing}`;
        kill();
      }, limit);
    };
    const keep = (chunk) => {
      output = (output + chunk).slice(-keptOutput);
    };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', keep).pipe(copy, { end: false });
    createInterface({ input: child.stdio[3] }).on('line', (line) => {
      const event = JSON.parse(line);
      events.push(event);
      const step = { started: 1, note: 0 }[event.type] ?? -1;
      const count = (running.get(event.name) ?? 0) + step;
      if (count > 0) running.set(event.name, count);
      else running.delete(event.name);
      watch();
    });
    watch();
    // When this run is interrupted.
    process.on('exit', kill);
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('exit', kill);
      clearTimeout(timer);
      const durationMs = performance.now() - startedAt;
      copy.end(() => resolve({ file, events, code, problem, output, outputFile, durationMs }));
    });
  });
}
