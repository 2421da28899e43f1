// `node scripts/bundle.mjs [DIST]`: one file of each program of ours and of what it imports, packages included, in dist/src: to find and read a thousand
// files takes a server longer than all else at its start, and costs memory for as long as it runs. What tsc makes of the same sources stays beside it, for
// those who import the client.
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { bundling } from './setup/bundling.mjs';
import { projectPath } from './setup/project.mjs';

const [dist = projectPath('dist')] = process.argv.slice(2);
const source = projectPath('src');

await build({
  ...bundling,
  entryPoints: [path.join(source, 'main.ts'), path.join(source, 'cli', 'main.ts')],
  outbase: source,
  outdir: path.join(dist, 'src'),
});
