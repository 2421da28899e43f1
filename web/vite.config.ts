// How the dashboard becomes files: hashed names, nothing inline, each compressed once here and never again by the server.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const outDir = path.resolve(import.meta.dirname, '..', 'dist', 'web');

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  cacheDir: path.resolve(outDir, '..', '.vite'),
  // The compiler's own JSX: a preset would add nothing that is used.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy lets no data: URL be a script or a style, and no inline script run.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  plugins: [compress()],
});

/** Writes NAME.br and NAME.gz beside each file that gets smaller by it. */
function compress(): Plugin {
  return {
    name: 'compress',
    async closeBundle() {
      const found = await readdir(outDir, { recursive: true, withFileTypes: true });
      const files = found.filter((entry) => entry.isFile() && /\.(js|css|html|svg)$/.test(entry.name));
      await Promise.all(files.map(({ parentPath, name }) => compressFile(path.join(parentPath, name))));
    },
  };
}

async function compressFile(file: string): Promise<void> {
  const content = await readFile(file);
  const packed = {
    br: await promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    gz: await promisify(gzip)(content, { level: 9 }),
  };
  for (const [ending, bytes] of Object.entries(packed))
    if (bytes.length < content.length) await writeFile(`${file}.${ending}`, bytes);
}
