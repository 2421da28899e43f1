// Requests made up from an OpenAPI document: valid ones, ones with one thing wrong, and wild ones; each with what the document says of it, judged by
// the document's own schemas. It knows nothing of how the server is made.

import { Compile } from 'typebox/schema';
import fc from './fast-check.ts';
import { nastyText, nastyValue, type Schema, spoiled, valuesOf } from './schema-values.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** By media type. */
  readonly bodies: Readonly<Record<string, Schema>>;
  /** Schemas by status and media type. */
  readonly answers: ReadonlyMap<string, Readonly<Record<string, Schema>>>;
}

/** A request as it goes over the wire. */
export interface MadeRequest {
  /** As the document names it: `POST /api/v1/containers/{id}/exec`. */
  readonly operation: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | undefined;
  /** Does the document allow it? null: the document does not decide. */
  readonly isValid: boolean | null;
  /** What was done to it. */
  readonly about: string;
  readonly wire?: { readonly chunkBytes?: number; readonly pieceBytes?: number; readonly halfClose?: boolean };
}

// biome-ignore lint/suspicious/noExplicitAny: a document is JSON
export type Document = any;

/** References become what they lead to. */
export function inline(value: unknown, document: Document): unknown {
  if (Array.isArray(value)) return value.map((one) => inline(one, document));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: string };
  if ($ref !== undefined) {
    const found = $ref
      .split('/')
      .slice(1)
      .reduce((at, key) => at?.[key.replaceAll('~1', '/')], document);
    return inline(found, document);
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inline(member, document)]));
}

export function readOperations(document: Document): Operation[] {
  const schemasOf = (content: Document) =>
    Object.fromEntries(
      Object.entries<Document>(content ?? {}).map(([type, { schema }]) => [type, inline(schema, document) as Schema]),
    );
  return Object.entries<Document>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Document>(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      parameters: (operation.parameters ?? []).map((one: Document) => inline(one, document)),
      bodies: schemasOf(operation.requestBody?.content),
      answers: new Map(
        Object.entries<Document>(operation.responses).map(([status, response]) => [
          status,
          schemasOf((inline(response, document) as Document).content),
        ]),
      ),
    })),
  );
}

/** Says what a parameter of this name may be: names of things that are there, for instance. */
export type Hints = (operation: Operation, name: string, place: 'path' | 'query' | 'body') => readonly string[];

const checks = new WeakMap<Schema, ReturnType<typeof Compile>>();

export function fits(schema: Schema, value: unknown): boolean {
  let check = checks.get(schema);
  if (check === undefined) {
    check = Compile(schema as Record<string, unknown>);
    checks.set(schema, check);
  }
  return check.Check(value);
}

/** A parameter is text: it fits where what it can be read as fits. */
function textFits(schema: Schema, texts: readonly string[]): boolean {
  if (schema.type === 'array') {
    const items = texts.map((text) => readings(text).find((one) => fits(schema.items ?? {}, one)));
    return !items.includes(undefined) && fits(schema, items);
  }
  const [text] = texts;
  return texts.length === 1 && text !== undefined && readings(text).some((one) => fits(schema, one));
}

function readings(text: string): unknown[] {
  const number = /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? [Number(text)] : [];
  return [text, ...number, ...(text === 'true' ? [true] : text === 'false' ? [false] : [])];
}

interface Parts {
  readonly params: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly bodyType: string | null;
  readonly body: unknown;
  readonly accept: string | null;
  readonly about: string;
}

const accepts = [
  'application/json',
  'text/plain',
  'application/x-ndjson',
  'text/event-stream',
  'application/xml',
  '*/*',
  'text/html',
  'image/png;q=0.1',
  'application/json;q=0',
  ';;;',
  '',
];

/** As the document has it. */
function goodParts(operation: Operation, hints: Hints): fc.Arbitrary<Parts> {
  const hinted = (name: string, place: 'path' | 'query' | 'body', schema: Schema): fc.Arbitrary<unknown> => {
    const known = hints(operation, name, place);
    return known.length === 0
      ? valuesOf(schema)
      : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, valuesOf(schema));
  };
  const params = fc.record(
    Object.fromEntries(
      operation.parameters
        .filter((one) => one.in === 'path')
        .map((one) => [one.name, hinted(one.name, 'path', one.schema).map((value) => String(value) || '0')]),
    ),
  );
  const queries = operation.parameters.filter((one) => one.in === 'query' && one.name !== 'ticket');
  const query = fc
    .tuple(
      fc.constantFrom(0.1, 0.4, 0.9),
      ...queries.map((one) =>
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), hinted(one.name, 'query', one.schema)),
      ),
    )
    .map(([share, ...values]) =>
      queries.flatMap((one, index): [string, string][] => {
        const [luck, value] = values[index] as [number, unknown];
        if (luck > share && one.required !== true) return [];
        return [value].flat().map((each) => [one.name, String(each)]);
      }),
    );
  const types = Object.entries(operation.bodies);
  const body =
    types.length === 0
      ? fc.constant({ type: null, value: undefined as unknown })
      : fc.oneof(
          ...types.map(([type, schema]) =>
            valuesOf(schema).chain((value) => {
              const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
              const known = names.filter((name) => hints(operation, name, 'body').length > 0);
              return fc
                .record(
                  Object.fromEntries(known.map((name) => [name, fc.constantFrom(...hints(operation, name, 'body'))])),
                )
                .map((members) => ({ type, value: known.length === 0 ? value : { ...(value as object), ...members } }));
            }),
          ),
        );
  const accept = fc.option(fc.constantFrom(...accepts), { nil: null, freq: 3 });
  return fc.tuple(params, query, body, accept).map(([path, asked, { type, value }, wanted]) => ({
    params: path as Record<string, string>,
    query: asked,
    bodyType: type,
    body: value,
    accept: wanted,
    about: 'as the document has it',
  }));
}

function isGood(operation: Operation, { params, query, bodyType, body }: Parts): boolean {
  for (const { name, in: place, required, schema } of operation.parameters) {
    if (place === 'path' && !textFits(schema, [params[name] ?? ''])) return false;
    if (place !== 'query') continue;
    const given = query.filter(([one]) => one === name).map(([, value]) => value);
    if (given.length === 0 ? required === true : !textFits(schema, given)) return false;
  }
  const known = new Set(operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name));
  if (operation.path.startsWith('/api/') && query.some(([name]) => !known.has(name))) return false;
  if (Object.keys(operation.bodies).length === 0) return isNothing(body);
  const schema = bodyType === null ? undefined : operation.bodies[bodyType];
  return schema !== undefined && fits(schema, body);
}

/** `null` and `{}` say as much as no body at all. */
const isNothing = (body: unknown) =>
  body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0);

/** One thing about the question changed, which stays a well-formed request. */
function changedParts(operation: Operation, parts: Parts): fc.Arbitrary<Parts> {
  const changes: fc.Arbitrary<Parts>[] = [];
  const names = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  const anyName = fc.oneof(fc.constantFrom(...names, 'dryRun', 'engine', 'x'), nastyText);
  changes.push(
    fc.tuple(anyName, nastyText).map(([name, value]) => ({
      ...parts,
      query: [...parts.query, [name, value] as const],
      about: `with the query ${JSON.stringify(name.slice(0, 40))}=${JSON.stringify(value.slice(0, 40))}`,
    })),
  );
  if (parts.query.length > 0)
    changes.push(
      fc.constant({ ...parts, query: [...parts.query, ...parts.query.slice(0, 1)], about: 'with a query twice' }),
    );
  const pathNames = Object.keys(parts.params);
  if (pathNames.length > 0)
    changes.push(
      fc.tuple(fc.constantFrom(...pathNames), nastyText).map(([name, value]) => ({
        ...parts,
        params: { ...parts.params, [name]: value.slice(0, 5_000) },
        about: `with the ${name} ${JSON.stringify(value.slice(0, 40))}`,
      })),
    );
  if (parts.bodyType !== null) {
    const change = spoiled(parts.body).map((body) => ({
      ...parts,
      body,
      about: 'with one member of the body spoiled',
    }));
    changes.push(change, change, change);
  } else
    changes.push(
      nastyValue.map((body) => ({
        ...parts,
        bodyType: 'application/json',
        body,
        about: 'with a body where none belongs',
      })),
    );
  return fc.oneof(...changes);
}

/** Lone surrogates cannot be percent-encoded: they go as the bytes that some programs make of them. */
function encodePart(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0xd800 && code <= 0xdfff ? '%ED%A0%80' : encodeURIComponent(character);
  }).join('');
}

function toRequest(operation: Operation, parts: Parts): MadeRequest {
  const { params, query, body, bodyType, accept, about } = parts;
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodePart(params[name] ?? ''));
  const search = query.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join('&');
  const isText = typeof body === 'string' && bodyType !== null && !/json/.test(bodyType);
  // Members that are undefined are left out, as in any JSON.
  const text = body === undefined ? undefined : isText ? body : JSON.stringify(body);
  const judged = text === undefined || isText ? parts : { ...parts, body: JSON.parse(text) as unknown };
  const hasEmptyPart = Object.values(params).some((value) => ['', '.', '..'].includes(value));
  return {
    operation: `${operation.method} ${operation.path}`,
    method: operation.method,
    target: search === '' ? path : `${path}?${search}`,
    headers: [
      ...(accept === null ? [] : [['accept', accept] as const]),
      ...(bodyType === null || text === undefined ? [] : [['content-type', bodyType] as const]),
    ],
    body: text === undefined ? undefined : Buffer.from(text),
    // Without its parameter it is another URL, about which this operation says nothing.
    // A body of a GET means nothing (RFC 9110 §9.3.1), and need not be looked at.
    isValid: hasEmptyPart || (operation.method === 'GET' && text !== undefined) ? null : isGood(operation, judged),
    about,
  };
}

const wireChanges: readonly ((request: MadeRequest, junk: string) => MadeRequest | null)[] = [
  (request) => ({
    ...request,
    target: request.target.replace('/api', '//api'),
    isValid: null,
    about: 'a double slash',
  }),
  (request) => ({
    ...request,
    target: `${request.target.replace('?', '/?')}/`,
    isValid: null,
    about: 'a slash at the end',
  }),
  (request) => ({
    ...request,
    target: request.target.replace('/v1/', '/v1%2f'),
    isValid: null,
    about: 'an encoded slash',
  }),
  (request) => ({
    ...request,
    target: `${request.target.split('?', 1)[0]}/%zz`,
    isValid: false,
    about: 'bad percent encoding',
  }),
  (request) => ({
    ...request,
    target: `${request.target.split('?', 1)[0]}?%ff=%zz`,
    isValid: null,
    about: 'a bad query encoding',
  }),
  (request) => ({
    ...request,
    target: `${request.target.split('?', 1)[0]}?${'a=1&'.repeat(800)}`,
    isValid: null,
    about: '800 queries',
  }),
  (request) => ({
    ...request,
    target: `${request.target.split('?', 1)[0]}/${'x'.repeat(14_000)}`,
    isValid: false,
    about: 'a long URL',
  }),
  (request) => ({ ...request, target: `/${'x/'.repeat(9_000)}`, isValid: false, about: 'a URL beyond all limits' }),
  (request) => ({
    ...request,
    target: `http://elsewhere.example${request.target}`,
    isValid: null,
    about: 'an absolute target',
  }),
  (request) => ({ ...request, target: request.target.toUpperCase(), isValid: null, about: 'in capitals' }),
  (request) => ({ ...request, target: `${request.target}#fragment`, isValid: null, about: 'with a fragment' }),
  (request) => ({ ...request, method: 'PATCH', isValid: false, about: 'PATCH' }),
  (request) => ({ ...request, method: 'PROPFIND', isValid: false, about: 'PROPFIND' }),
  (request) => ({ ...request, method: 'TRACE', isValid: false, about: 'TRACE' }),
  (request) => ({ ...request, method: 'BREW', isValid: false, about: 'no method at all' }),
  (request) => ({ ...request, method: 'OPTIONS', isValid: null, about: 'OPTIONS' }),
  (request) => ({
    ...request,
    method: request.method.toLowerCase(),
    isValid: false,
    about: 'a method in small letters',
  }),
  (request, junk) => ({
    ...request,
    headers: [...request.headers, ['x-long', 'y'.repeat(9_000)], ['x-request-id', clean(junk)]],
    about: 'long headers',
  }),
  (request) => ({
    ...request,
    headers: [...request.headers, ['x-long', 'y'.repeat(20_000)]],
    isValid: false,
    about: 'headers beyond the limit',
  }),
  (request) => ({
    ...request,
    headers: [...request.headers, ...Array.from({ length: 300 }, (_, i) => [`x-${i}`, 'y'] as const)],
    about: '300 headers',
  }),
  (request, junk) => ({
    ...request,
    headers: [
      ...request.headers,
      ['accept', clean(junk)],
      ['if-none-match', clean(junk)],
      ['last-event-id', clean(junk)],
    ],
    about: 'odd headers',
  }),
  (request, junk) => ({
    ...request,
    headers: [...request.headers, ['idempotency-key', clean(junk)]],
    isValid: null,
    about: 'an odd idempotency key',
  }),
  (request) => ({
    ...request,
    headers: [...request.headers, ['host', 'elsewhere.example']],
    isValid: false,
    about: 'a second Host',
  }),
  (request) => ({
    ...request,
    headers: [...request.headers, ['upgrade', 'h2c'], ['connection', 'upgrade']],
    isValid: null,
    about: 'an upgrade to h2c',
  }),
  (request) => ({ ...request, headers: [...request.headers, ['expect', '100-continue']], about: 'with Expect' }),
  (request) => ({
    ...request,
    headers: [...request.headers, ['expect', 'the-unexpected']],
    isValid: null,
    about: 'with an odd Expect',
  }),
  (request) => ({
    ...request,
    headers: [...request.headers, ['content-encoding', 'gzip']],
    isValid: null,
    about: 'said to be gzip',
  }),
  (request) => withBody(request, (body) => body.subarray(0, Math.floor(body.length / 2)), 'half of the body', null),
  (request) =>
    withBody(
      request,
      (body) => Buffer.concat([body, Buffer.from('}]garbage')]),
      'garbage after the body',
      isJson(request) ? false : null,
    ),
  (request) =>
    withBody(request, (body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]), 'a byte order mark', null),
  (request) =>
    withBody(request, (body) => Buffer.from(body.toString(), 'utf16le'), 'in UTF-16', isJson(request) ? false : null),
  (request) =>
    withBody(
      request,
      (body) => Buffer.concat([body.subarray(0, 2), Buffer.from([0xff, 0xc0, 0x80]), body.subarray(2)]),
      'bytes that are no UTF-8',
      null,
    ),
  (request) =>
    withBody(request, () => Buffer.from('['.repeat(60_000)), 'nested for ever', isJson(request) ? false : null),
  (request) =>
    withBody(
      request,
      () => Buffer.from(`${'{"a":'.repeat(4_000)}1${'}'.repeat(4_000)}`),
      'nested deeply',
      isJson(request) ? false : null,
    ),
  (request) =>
    withBody(
      request,
      (body) => Buffer.from(body.toString().replace(/\}$/, ',"__proto__":{"x":1}}')),
      'with __proto__',
      null,
    ),
  (request) =>
    withBody(
      request,
      (body) => Buffer.from(body.toString().replace(/^\{/, '{"name":"twice","name":7,')),
      'a member twice',
      null,
    ),
  (request) => withBody(request, () => Buffer.alloc(1_200_000, 0x20), 'more than a megabyte', false),
  (request) => withBody(request, (body) => body, 'as a form', false, 'application/x-www-form-urlencoded'),
  (request) => withBody(request, (body) => body, 'in an unknown charset', null, 'application/json; charset=utf-16'),
  (request) => withBody(request, (body) => body, 'of a type that is none', null, ';;;/'),
  (request) => withBody(request, (body) => body, 'without a type', null, null),
  (request) =>
    request.body === undefined
      ? null
      : { ...request, wire: { chunkBytes: 7 }, about: `${request.about}, in small chunks` },
  (request) =>
    request.body === undefined
      ? null
      : { ...request, wire: { pieceBytes: 3 }, about: `${request.about}, in small pieces` },
  (request) =>
    request.body === undefined || request.body.length < 2
      ? null
      : {
          ...request,
          headers: [...request.headers, ['content-length', String(request.body.length + 50)]],
          wire: { halfClose: true },
          isValid: false,
          about: 'cut off before its end',
        },
];

const isJson = (request: MadeRequest) => {
  const [, type = ''] = request.headers.find(([name]) => name === 'content-type') ?? [];
  return type === 'application/json' && !/labs|daemon-config/.test(request.operation);
};

function withBody(
  request: MadeRequest,
  change: (body: Buffer) => Buffer,
  about: string,
  isValid: boolean | null,
  type?: string | null,
): MadeRequest | null {
  if (request.body === undefined) return null;
  const others = request.headers.filter(([name]) => name !== 'content-type');
  return {
    ...request,
    body: change(request.body),
    isValid,
    about,
    ...(type !== undefined && { headers: type === null ? others : [...others, ['content-type', type]] }),
  };
}

/** What a header can hold. */
const clean = (text: string) =>
  Array.from(text)
    .filter(
      (character) => character === '\t' || (character >= ' ' && character <= '~') || /[\u0080-\u00ff]/.test(character),
    )
    .join('')
    .slice(0, 2_000)
    .trim();

/** Of one operation: a third as it should be, a third with one thing of the question wrong, a third with something wrong with how it is sent. */
export function requestsOf(operation: Operation, hints: Hints): fc.Arbitrary<MadeRequest> {
  const good = goodParts(operation, hints);
  return fc.oneof(
    good.map((parts) => toRequest(operation, parts)),
    good.chain((parts) => changedParts(operation, parts)).map((parts) => toRequest(operation, parts)),
    fc.tuple(good, fc.constantFrom(...wireChanges), nastyText).map(([parts, change, junk]) => {
      const request = toRequest(operation, parts);
      return change(request, junk) ?? request;
    }),
  );
}

/** The bytes of a request, over a connection of its own. */
export function toBytes(request: MadeRequest, always: Readonly<Record<string, string>>): Buffer {
  const { method, target, headers, body, wire = {} } = request;
  const given = new Set(headers.map(([name]) => name));
  const lengths: [string, string][] =
    body === undefined || given.has('content-length')
      ? []
      : wire.chunkBytes === undefined
        ? [['content-length', String(body.length)]]
        : [['transfer-encoding', 'chunked']];
  const lines = [
    ...Object.entries(always).map(([name, value]) => `${name}: ${value}`),
    ...(given.has('connection') ? [] : ['connection: close']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...lengths.map(([name, value]) => `${name}: ${value}`),
  ];
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (body === undefined) return head;
  return Buffer.concat([head, wire.chunkBytes === undefined ? body : chunk(body, wire.chunkBytes)]);
}

function chunk(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
