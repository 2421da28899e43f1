// Loads the plain JavaScript modules of scripts/, which run before node_modules exists and have no types.

/** The exports of `scripts/NAME`. */
// biome-ignore lint/suspicious/noExplicitAny: the modules are JavaScript; the tests are what checks their shapes
export function loadScript(name: string): Promise<any> {
  return import(new URL(`../../scripts/${name}`, import.meta.url).href);
}
