// `node scripts/bundle.mjs [DIST]`: one file of each program of ours and of what it imports, packages included, in dist/src: to find and read a thousand
// files takes a server longer than all else at its start, and costs memory for as long as it runs. What tsc makes of the same sources stays beside it, for
// those who import the client.
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { projectPath } from './setup/project.mjs';

const [dist = projectPath('dist')] = process.argv.slice(2);
const source = projectPath('src');

/** What is imported when it is needed only (a report, the metrics) stays a file of its own, in chunks/. */
await build({
  entryPoints: [path.join(source, 'main.ts'), path.join(source, 'cli', 'main.ts')],
  outbase: source,
  outdir: path.join(dist, 'src'),
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  // Packages of the older kind ask for Node's modules by `require`, which a module does not have.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
