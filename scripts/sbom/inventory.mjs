// The software that Terrarium is made of, as a CycloneDX 1.5 document, from the lockfile. Pure, and the same for the same lockfile: no time, no
// random number. `npm sbom` would do, but the npm of Debian's image is too old to have it, and it knows nothing of what the dashboard brings along.

/** What vite puts into the dashboard: to npm these are for development only, yet they are in what is shipped. */
export const bundledInDashboard = ['@preact/signals', '@xterm/addon-fit', '@xterm/xterm', 'preact', 'uplot'];

/**
 * @typedef {{ version: string, dev?: boolean, optional?: boolean, license?: string, integrity?: string,
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>, peerDependencies?: Record<string, string> }} Locked
 * @typedef {{ name: string, version: string, license?: string, packages: Record<string, Locked> }} Lock
 */

/**
 * @param {Lock} lock what package-lock.json holds
 * @param {(place: string) => string | undefined} findLicence of a package that the lockfile names none of, by its place: `node_modules/ssh2`
 */
export function makeInventory(lock, findLicence = () => undefined) {
  const { '': root = {}, ...packages } = lock.packages;
  const dashboard = reach(packages, bundledInDashboard);
  const places = Object.keys(packages).filter((place) => !packages[place].dev || dashboard.has(place));
  const components = places.map((place) => describe(place, packages[place], findLicence, dashboard.has(place)));
  const self = `${lock.name}@${lock.version}`;
  const direct = [...Object.keys(root.dependencies ?? {}), ...bundledInDashboard];
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        'bom-ref': self,
        type: 'application',
        name: lock.name,
        version: lock.version,
        purl: `pkg:npm/${self}`,
        licenses: [{ license: { id: root.license } }],
      },
    },
    components: once(components),
    dependencies: [
      { ref: self, dependsOn: refs(packages, '', direct) },
      ...mergeByRef(
        places.map((place) => ({
          ref: refOf(place, packages[place]),
          dependsOn: refs(packages, place, needs(packages[place])),
        })),
      ),
    ],
  };
}

/** `node_modules/a/node_modules/@b/c` is `@b/c`. */
const nameOf = (place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
const refOf = (place, { version }) => `${nameOf(place)}@${version}`;

function describe(place, locked, findLicence, isInDashboard) {
  const name = nameOf(place);
  const licence = locked.license ?? findLicence(place);
  return {
    'bom-ref': refOf(place, locked),
    type: 'library',
    name,
    version: locked.version,
    scope: locked.optional ? 'optional' : 'required',
    purl: `pkg:npm/${name.replace('@', '%40')}@${locked.version}`,
    hashes: hashesOf(locked.integrity),
    licenses: licence === undefined ? [] : [licenceOf(licence)],
    ...(isInDashboard && { properties: [{ name: 'terrarium:bundled-in', value: 'dashboard' }] }),
  };
}

/** An identifier of SPDX, or an expression of several. */
function licenceOf(licence) {
  return /^[\w.+-]+$/.test(licence) ? { license: { id: licence } } : { expression: licence };
}

/** @param {string | undefined} integrity `sha512-BASE64` */
function hashesOf(integrity) {
  const [algorithm, digest] = integrity?.split('-') ?? [];
  if (algorithm !== 'sha512') return [];
  return [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }];
}

function needs({ dependencies = {}, optionalDependencies = {}, peerDependencies = {} }) {
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** Where Node finds `name` from a package at `place`; undefined where it is not installed. */
function locate(packages, place, name) {
  for (let from = place; from !== ''; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
    const within = `${from}/node_modules/${name}`;
    if (within in packages) return within;
  }
  const top = `node_modules/${name}`;
  return top in packages ? top : undefined;
}

function refs(packages, place, names) {
  const found = names.map((name) => locate(packages, place, name)).filter((one) => one !== undefined);
  return [...new Set(found.map((one) => refOf(one, packages[one])))].sort();
}

/** The places of these packages and of all that they need. */
function reach(packages, names) {
  const found = new Set();
  const visit = (place) => {
    if (place === undefined || found.has(place)) return;
    found.add(place);
    for (const name of needs(packages[place])) visit(locate(packages, place, name));
  };
  for (const name of names) visit(locate(packages, '', name));
  return found;
}

/** A version that is installed at two places is one component. */
function once(components) {
  return [...new Map(components.map((one) => [one['bom-ref'], one])).values()].sort((a, b) =>
    a['bom-ref'] < b['bom-ref'] ? -1 : 1,
  );
}

function mergeByRef(entries) {
  const merged = new Map();
  for (const { ref, dependsOn } of entries)
    merged.set(ref, [...new Set([...(merged.get(ref) ?? []), ...dependsOn])].sort());
  return [...merged].map(([ref, dependsOn]) => ({ ref, dependsOn })).sort((a, b) => (a.ref < b.ref ? -1 : 1));
}
