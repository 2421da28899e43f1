// Every cross-cutting plugin, in the order in which it is applied: hooks of an earlier one run first. Adding one is adding a line here.
import type { AppPlugin } from './plugin.ts';
import { problemDetails } from './problem-details.ts';

export const plugins: readonly AppPlugin[] = [problemDetails];
