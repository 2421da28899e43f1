// How esbuild makes JavaScript of ours and of the packages that it imports. It is loaded before there are packages.

/** Of every bundle. What is shared, or imported when it is needed only, is a file of its own, in chunks/. */
export const bundling = {
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
};
