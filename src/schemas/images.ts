// Images, the body of `POST /images/pull`, and the lines of its answer.
import { type Static, Type } from 'typebox';

export const Image = Type.Object(
  {
    engine: Type.String(),
    id: Type.String({ description: 'sha256:…' }),
    tags: Type.Array(Type.String(), { description: 'The names by which it can be used' }),
    digests: Type.Array(Type.String(), { description: 'Its names in registries, by content' }),
    createdAt: Type.String({ format: 'date-time' }),
    size: Type.Integer({ description: 'Bytes on the engine' }),
  },
  { $id: 'Image' },
);
export type Image = Static<typeof Image>;

export const PullRequest = Type.Object(
  {
    image: Type.String({
      minLength: 1,
      maxLength: 512,
      description: '[registry/]repository[:tag][@digest]',
      examples: ['busybox:latest'],
    }),
  },
  { $id: 'PullRequest', additionalProperties: false, examples: [{ image: 'busybox:latest' }] },
);
export type PullRequest = Static<typeof PullRequest>;

export const PullStep = Type.Object(
  {
    status: Type.Optional(
      Type.String({ description: "In the engine's words: Downloading, Extracting, Pull complete, …" }),
    ),
    layer: Type.Optional(Type.String()),
    current: Type.Optional(Type.Integer({ description: 'Bytes of the layer so far' })),
    total: Type.Optional(Type.Integer()),
  },
  { $id: 'PullStep', description: 'A slow reader gets the latest step of each layer only' },
);
export type PullStep = Static<typeof PullStep>;

/** The last line of a pull that succeeded. One that failed ends with `{ "error": problem }`. */
export const PullDone = Type.Object({ done: Type.Literal(true), image: Image }, { $id: 'PullDone' });
export type PullDone = Static<typeof PullDone>;
