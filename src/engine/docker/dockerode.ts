// dockerode without what it loads for features that are used nowhere here: gRPC for builds, and an SSH client (ours is ssh-command.ts). They are a tenth
// of a server's memory and of its start.
import { createRequire, Module } from 'node:module';
import type Docker from 'dockerode';

const unused = ['@grpc/grpc-js', '@grpc/proto-loader', 'ssh2'];

/** Loads it. Whatever is missed by it is undefined, so a use of the unused throws. */
export function loadDockerode(): typeof Docker {
  const { cache, resolve } = createRequire(import.meta.url);
  const dockerode = createRequire(resolve('dockerode'));
  const modem = createRequire(dockerode.resolve('docker-modem'));
  const held: string[] = [];
  for (const name of unused) {
    const file = (name === 'ssh2' ? modem : dockerode).resolve(name);
    if (cache[file] !== undefined) continue;
    const empty = new Module(file);
    empty.loaded = true;
    cache[file] = empty;
    held.push(file);
  }
  try {
    return dockerode(resolve('dockerode')) as typeof Docker;
  } finally {
    // Whoever else needs them gets the real ones.
    for (const file of held) delete cache[file];
  }
}
