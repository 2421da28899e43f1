// fast-check with the seed of the run as its global seed. Tests import it from here only: an import of the package itself would draw a seed each time.
import fc from 'fast-check';
import { seed } from './seeded.ts';

fc.configureGlobal({ seed });

export default fc;
