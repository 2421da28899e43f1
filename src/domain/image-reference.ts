// References to images, read and written as Docker does: `busybox` is `docker.io/library/busybox:latest`. It looks nothing up; whether
// the image exists is the engine's to say.
import { Failure } from '../schemas/failure.ts';

/** A name in a registry. */
export interface NamedImage {
  readonly kind: 'named';
  /** Host, and port if any: `docker.io` where none was named. Empty for an odd one that Docker takes as part of the name (`a_b.c/d`). */
  readonly registry: string;
  /** Path in the registry: `library/busybox`. */
  readonly repository: string;
  /** `latest` where neither tag nor digest was named; null where only a digest was. */
  readonly tag: string | null;
  /** `sha256:…` or null. */
  readonly digest: string | null;
}

/** An image by its id: 64 hex digits, or a digest alone. It belongs to no registry and cannot be pulled. */
export interface ImageId {
  readonly kind: 'id';
  /** `sha256:…` */
  readonly id: string;
}

export type ImageReference = NamedImage | ImageId;

const HUB = 'docker.io';
const OFFICIAL = 'library/';
const MAX_REPOSITORY_LENGTH = 255;
/** Hex digits of the digests that Docker knows. */
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

// No part of these can match one text in two ways, so that no text makes them slow.
const LABEL = '[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*';
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(
  `^(?:(${HOST})/)?(${COMPONENT}(?:/${COMPONENT})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(${DIGEST}))?$`,
);

const HINT =
  'Use [registry/]repository[:tag][@digest], e.g. busybox, busybox:1.36, registry.example:5000/team/app:1.0, or an image id.';

/**
 * Reads a reference as `docker create` does; a prefix of an id reads as a name, since only the engine can tell it is none.
 *
 * @param field the request's field, for the failure
 * @throws Failure `invalid_request`
 */
export function parseImageReference(text: string, field = 'image'): ImageReference {
  if (/^[a-f0-9]{64}$/.test(text)) return { kind: 'id', id: `sha256:${text}` };
  if (isDigest(text)) return { kind: 'id', id: text };

  const refuse = (reason: string): never => {
    throw new Failure('invalid_request', `The image reference ${quote(text)} is not valid: ${reason}.`, {
      field,
      hint: HINT,
    });
  };
  if (text === '') refuse('it is empty');
  const [host, rest] = splitHost(text);
  const [path = ''] = rest.split(':', 1);
  if (path.toLowerCase() !== path) refuse('the repository has to be in lower case');
  const match = REFERENCE.exec(`${host}/${rest}`);
  if (match === null) return refuse('it is not of that form');
  const [, registry = '', repository = '', tag, digest] = match;
  if (repository.length > MAX_REPOSITORY_LENGTH)
    refuse(`its repository is longer than ${MAX_REPOSITORY_LENGTH} characters`);
  if (digest !== undefined && !isDigest(digest)) refuse('its digest is none of sha256, sha384 or sha512 in lower case');
  return {
    kind: 'named',
    registry,
    repository,
    tag: tag ?? (digest === undefined ? 'latest' : null),
    digest: digest ?? null,
  };
}

/** In full: `docker.io/library/busybox:latest`. */
export function formatCanonical(reference: ImageReference): string {
  if (reference.kind === 'id') return reference.id;
  const { registry, repository } = reference;
  return join(registry === '' ? repository : `${registry}/${repository}`, reference);
}

/** As Docker shows it: `busybox:latest`, without what it fills in for Docker Hub. */
export function formatFamiliar(reference: ImageReference): string {
  if (reference.kind === 'id') return reference.id;
  const { registry, repository } = reference;
  if (registry !== HUB) return formatCanonical(reference);
  const name = repository.startsWith(OFFICIAL) ? repository.slice(OFFICIAL.length) : repository;
  return join(name.includes('/') ? repository : name, reference);
}

function join(name: string, { tag, digest }: NamedImage): string {
  return `${name}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}

/**
 * What stands before the first slash is a registry when it looks like one: `localhost`, a dot, a colon, or a capital letter (which no
 * repository may have). Docker Hub is meant otherwise, and its official images where there is one component only.
 */
function splitHost(text: string): readonly [host: string, rest: string] {
  const slash = text.indexOf('/');
  if (slash < 0) return [HUB, `${OFFICIAL}${text}`];
  const first = text.slice(0, slash);
  const isHost = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  const host = !isHost || first === 'index.docker.io' ? HUB : first;
  const rest = isHost ? text.slice(slash + 1) : text;
  return [host, host === HUB && !rest.includes('/') ? `${OFFICIAL}${rest}` : rest];
}

function isDigest(text: string): boolean {
  const [, algorithm = '', hex = ''] = /^([a-z0-9]+):([a-f0-9]+)$/.exec(text) ?? [];
  return Object.hasOwn(DIGEST_LENGTHS, algorithm) && hex.length === DIGEST_LENGTHS[algorithm];
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
