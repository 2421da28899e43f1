// Set-up step `node`: the running Node is new enough. It never installs Node.
import process from 'node:process';
import { SetupError } from './setup-error.mjs';

const oldest = [20, 19];

/** @param {string} version such as "20.19.1" */
export function isNodeNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

export const nodeVersion = {
  name: 'node',
  async check() {
    if (isNodeNewEnough(process.versions.node)) return { ok: true, detail: `v${process.versions.node}` };
    throw new SetupError(
      `Node ${oldest.join('.')} or newer is needed, this is ${process.versions.node}: https://nodejs.org/en/download`,
    );
  },
  async apply() {},
};
