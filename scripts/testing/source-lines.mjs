// Says where in the sources something is that the compiled tests name. Node could do so itself (--enable-source-maps), but reads every map at each start
// for it, and most test files have nothing to tell.
import { readFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A place as a stack names it: `file:///…/x.js:12:5`, or only the path. */
const place = /(?:file:\/\/)?\/[^\s():]+\.js:\d+:\d+/g;

/** The text, with each place in a compiled file that has a map beside it named by its source. @param {string} text @returns {Promise<string>} */
export async function nameSources(text) {
  /** @type {Map<string, Promise<SourceMap | undefined>>} */
  const maps = new Map();
  const named = new Map();
  for (const [found] of text.matchAll(place)) {
    const [, url = '', line = '', column = ''] = /^(.*):(\d+):(\d+)$/.exec(found) ?? [];
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    const reading = maps.get(file) ?? readMap(file);
    maps.set(file, reading);
    const entry = (await reading)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry?.originalSource === undefined) continue;
    const source = path.resolve(path.dirname(file), entry.originalSource);
    named.set(found, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
  }
  return text.replace(place, (found) => named.get(found) ?? found);
}

/** @param {string} file @returns {Promise<SourceMap | undefined>} */
async function readMap(file) {
  const text = await readFile(`${file}.map`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : new SourceMap(JSON.parse(text));
}
