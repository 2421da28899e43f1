// Set-up step `engine`: a Docker Engine answers. One that DOCKER_HOST names is never started here, and one that
// runs already is never touched.
import { openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { canInstall, installPackages } from './apt.mjs';
import { capture, lastLines, run, startDetached } from './command.mjs';
import { askDocker } from './docker-api.mjs';
import { findEndpoint } from './docker-endpoint.mjs';
import { SetupError } from './setup-error.mjs';

const packages = { required: ['docker.io', 'iptables', 'ca-certificates'], optional: ['docker-cli'] };
const logFile = '/var/log/terrarium-dockerd.log';
const startDeadlineMs = 60_000;
const installHelp = 'https://docs.docker.com/engine/install/';

/**
 * @param {import('./docker-endpoint.mjs').Endpoint} endpoint
 * @returns {Promise<{ version: string, arch: string }>}
 * @throws {Error} when no engine answers
 */
export async function askVersion(endpoint) {
  const { status, body } = await askDocker(endpoint, 'GET', '/version');
  if (status !== 200) throw new Error(`it answered ${status}`);
  const { Version: version, Arch: arch } = JSON.parse(body);
  return { version, arch };
}

/**
 * What to tell a person whose machine has no engine that the set-up could start.
 * @param {{ platform: string, error: { code?: string } }} situation
 */
export function explainNoEngine({ platform, error }) {
  if (error.code === 'EACCES') {
    return 'this user may not use /var/run/docker.sock: run as root, or join the group "docker" (sudo usermod -aG docker $USER) and log in again';
  }
  if (platform !== 'linux')
    return `no Docker Engine answers: install and start Docker Desktop, or set DOCKER_HOST (${installHelp})`;
  return `no Docker Engine answers: run this as root on Debian or Ubuntu, or install and start Docker Engine (${installHelp}), or set DOCKER_HOST`;
}

/** The dockerd of the default socket is running or coming up, by its pid file. */
async function isDaemonRunning() {
  const pid = (await readFile('/var/run/docker.pid', 'utf8').catch(() => '')).trim();
  const command = pid === '' ? '' : await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return command.trim() === 'dockerd';
}

async function isInstalled() {
  return (await capture('dockerd', ['--version'])).code === 0;
}

async function isSystemd() {
  return stat('/run/systemd/system').then(
    () => true,
    () => false,
  );
}

async function startDaemon() {
  if (await isSystemd()) {
    await run('systemctl', ['start', 'docker']);
    return undefined;
  }
  // For each container it starts a dozen Go programs that are over before it pays to collect garbage: docs/operations.md, "Busy engines".
  const env = { GOGC: process.env.GOGC ?? '400' };
  const daemon = startDetached('dockerd', [], openSync(logFile, 'a'), env);
  const ended = new Promise((resolve) => {
    daemon.on('error', (error) => resolve(error.message));
    daemon.on('exit', (code) => resolve(`dockerd ended with code ${code}`));
  });
  return { ended };
}

async function waitForAnswer(endpoint, daemon) {
  const deadline = Date.now() + startDeadlineMs;
  let stopped;
  daemon?.ended.then((reason) => {
    stopped = reason;
  });
  for (;;) {
    try {
      return await askVersion(endpoint);
    } catch (error) {
      const reason =
        stopped ??
        (Date.now() > deadline ? `it does not answer after ${startDeadlineMs / 1000} s (${error.message})` : undefined);
      // Another start may have won the race for the pid file: then its engine is as good as ours.
      if (reason !== undefined && !(stopped && Date.now() < deadline && (await isDaemonRunning()))) {
        const log = daemon
          ? lastLines(await readFile(logFile, 'utf8').catch(() => ''), 2)
          : 'see `journalctl -u docker`';
        throw new SetupError(`the engine did not start: ${reason}. ${logFile}: ${log}`);
      }
      await sleep(100);
    }
  }
}

export const engine = {
  name: 'engine',
  async check() {
    const endpoint = findEndpoint();
    try {
      const { version } = await askVersion(endpoint);
      return { ok: true, detail: `Docker Engine ${version} on ${endpoint.label}` };
    } catch (error) {
      if (endpoint.explicit) {
        throw new SetupError(
          `DOCKER_HOST is ${endpoint.label} but no Docker Engine answers there (${error.message}): start it, or unset DOCKER_HOST`,
        );
      }
      const missing = 'a Docker Engine';
      if (await isDaemonRunning()) return { ok: false, missing, plan: 'waiting for dockerd, which is starting' };
      if (!(await canInstall())) {
        const help = explainNoEngine({ platform: process.platform, error });
        throw new SetupError(help);
      }
      const installed = await isInstalled();
      return {
        ok: false,
        missing,
        plan: installed ? 'starting dockerd' : `installing ${packages.required[0]} and starting dockerd`,
      };
    }
  },
  async apply() {
    const endpoint = findEndpoint();
    if (!(await isInstalled())) await installPackages(packages);
    // The package may have started it already, and one that is coming up must not get a rival.
    const daemon = (await isDaemonRunning()) ? undefined : await startDaemon();
    await waitForAnswer(endpoint, daemon);
  },
};
