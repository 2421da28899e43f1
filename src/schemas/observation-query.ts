// What can be asked of netstat and ifconfig in the query string: once, or followed.
import { type Static, Type } from 'typebox';
import { intervalLimits, StreamFormat } from './stream-key.ts';

/** What is shown when nothing is said: all internet sockets, listening or not. */
export const defaultNetstatOptions = 'tuwan';

const common = {
  engine: Type.Optional(Type.String({ description: 'Name of the engine, where several have such a container' })),
  intervalMs: Type.Optional(
    Type.Integer({
      minimum: intervalLimits.min,
      maximum: intervalLimits.max,
      description: `Of a stream: at most one sample in so many milliseconds, ${intervalLimits.min} to ${intervalLimits.max} (default ${intervalLimits.default})`,
    }),
  ),
  format: Type.Optional(
    Type.Unsafe<StreamFormat>({ ...StreamFormat, description: 'Of a stream: what a snapshot carries (default json)' }),
  ),
};

export const NetstatQuery = Type.Object({
  ...common,
  options: Type.Optional(
    Type.String({
      maxLength: 32,
      description: `Letters of busybox netstat: t, u, w, l, a; n is implied (default ${defaultNetstatOptions})`,
    }),
  ),
});
export type NetstatQuery = Static<typeof NetstatQuery>;

export const IfconfigQuery = Type.Object({
  ...common,
  all: Type.Optional(
    Type.Boolean({ description: 'The text shows interfaces that are not UP too, as `ifconfig -a` (JSON always does)' }),
  ),
});
export type IfconfigQuery = Static<typeof IfconfigQuery>;
