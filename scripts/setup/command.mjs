// Runs other programs with argument arrays: no string ever reaches a shell.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { SetupError } from './setup-error.mjs';

/** How much of a failed program's words is shown, in characters. */
const maxWords = 600;

/** The caller's environment with the folders of system programs on the PATH (`su` leaves them out) and English messages. */
function commandEnv(extra) {
  return {
    ...process.env,
    PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`,
    LC_ALL: 'C.UTF-8',
    ...extra,
  };
}

/**
 * Runs a program to its end and keeps what it printed.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number | null, stdout: Buffer, stderr: string }>} `code` is null when it is not installed
 */
export function capture(program, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: commandEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout = [];
    const stderr = [];
    child.stdout.on('data', (chunk) => stdout.push(chunk));
    child.stderr.on('data', (chunk) => stderr.push(chunk));
    child.on('error', (error) => {
      if (error.code === 'ENOENT')
        resolve({ code: null, stdout: Buffer.alloc(0), stderr: `${program} is not installed` });
      else reject(error);
    });
    child.on('close', (code, signal) => {
      const said = Buffer.concat(stderr).toString();
      resolve({
        code: code ?? 128,
        stdout: Buffer.concat(stdout),
        stderr: signal ? `${said}ended by ${signal}` : said,
      });
    });
  });
}

/**
 * Runs a program that has to succeed.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<Buffer>} its standard output
 * @throws {SetupError} with the last thing the program said
 */
export async function run(program, args, options) {
  const { code, stdout, stderr } = await capture(program, args, options);
  if (code === 0) return stdout;
  const said = lastLines(stderr.trim() || stdout.toString());
  throw new SetupError(
    `\`${[program, ...args].join(' ')}\` failed${code === null ? '' : ` with code ${code}`}: ${said}`,
  );
}

/**
 * Starts a program that outlives this process, its output appended to `logFd`.
 * @param {string} program
 * @param {string[]} args
 * @param {number} logFd
 * @param {Record<string, string>} [env]
 * @returns {import('node:child_process').ChildProcess}
 */
export function startDetached(program, args, logFd, env) {
  const stdio = ['ignore', logFd, logFd];
  const child = spawn(program, args, { detached: true, env: commandEnv(env), cwd: '/', stdio });
  child.unref();
  return child;
}

/** The end of a program's output as one line of bearable length. @param {string} text */
export function lastLines(text, count = 6) {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-count).join(' | ').slice(-maxWords);
}
