// `npm run sbom`: prints what is shipped, and under which licences, as a CycloneDX document (bill of materials). It needs the lockfile only; where the
// packages are installed they say what their licence is when the lockfile does not.
import { readFileSync } from 'node:fs';
import { makeInventory } from './sbom/inventory.mjs';
import { projectPath } from './setup/project.mjs';

const read = (...parts) => JSON.parse(readFileSync(projectPath(...parts), 'utf8'));

/** Packages of before npm 3 say it in an array. */
function findLicence(place) {
  try {
    const { license, licenses } = read(place, 'package.json');
    return license ?? licenses?.[0]?.type;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

console.log(JSON.stringify(makeInventory(read('package-lock.json'), findLicence), null, 2));
