// The OpenAPI 3.1 document, generated from the routes and their schemas when it is first asked for. What holds for every route (errors, the token,
// WebSockets) is added here once, so that no route repeats it.
import { STATUS_CODES } from 'node:http';
import swagger, { type SwaggerTransformObject } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { errorKinds } from '../schemas/error-codes.ts';
import { Problem } from '../schemas/problem.ts';
import type { RouteEntry } from './route-table.ts';

/** Stands for a schema with an `$id` until the document is complete: a reference that @fastify/swagger does not try to resolve. */
const placeholder = 'x-terrarium-component';

const tags = [
  { name: 'containers', description: 'The four network models: closed, bridged, joined, open' },
  { name: 'observation', description: 'What is happening inside: netstat and ifconfig, once or live' },
  { name: 'namespaces', description: 'Who shares what with whom, and what is a container’s own' },
  { name: 'labs', description: 'Networks and containers described by one file, with checks' },
  { name: 'reachability', description: 'Who reaches whom, by which way, and if not, why not' },
  { name: 'networks', description: "Bridges and overlays, in daemon.json's names, and who is on them" },
  { name: 'images', description: 'Images and pulls' },
  { name: 'engines', description: 'The Docker Engines behind the server' },
  { name: 'access', description: 'Logging in from a page' },
  { name: 'operations', description: 'Health, metrics, contracts' },
];

interface Operation {
  operationId?: string;
  parameters?: { name: string; in: string }[];
  requestBody?: unknown;
  security?: unknown[];
  responses: Record<string, { description: string; $ref?: string; content?: Record<string, unknown> }>;
  [extension: `x-${string}`]: unknown;
}

interface Document {
  components?: { schemas?: Record<string, unknown>; responses?: Record<string, unknown> };
  paths?: Record<string, Record<string, Operation>>;
}

export async function openapi(app: FastifyInstance): Promise<void> {
  const components = new Map<string, unknown>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Terrarium',
        version: '1',
        description:
          'Containers in the four network models, and what is happening inside them. Failures are problem documents (RFC 9457): see /docs/errors.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags,
      security: [{ bearerAuth: [] }],
      components: { securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer' } } },
    },
    stripBasePath: false,
    convertConstToEnum: false,
    transform({ schema, url, route }) {
      const { hide, ...documented } = (schema ?? {}) as Record<string, unknown>;
      // @fastify/websocket hides its routes, for they cannot be described; we describe what can be.
      const hidden = hide === true && route.websocket !== true;
      return { schema: { ...(hoistParts(documented, components) as object), hide: hidden }, url };
    },
    transformObject(parts) {
      const document = ('openapiObject' in parts ? parts.openapiObject : {}) as Document;
      completeOperations(document, app.routeTable);
      document.components = {
        ...document.components,
        responses: Object.fromEntries(
          documentedStatuses.map((status) => [`Problem${status}`, describeProblem(status, components)]),
        ),
        schemas: Object.fromEntries([...components].sort(([a], [b]) => a.localeCompare(b))),
      };
      return resolvePlaceholders(document) as ReturnType<SwaggerTransformObject>;
    },
  });
}

/** Parameters are taken apart by name, so their own schema stays where it is. */
function hoistParts(schema: Record<string, unknown>, components: Map<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema).map(([part, value]) => [
      part,
      part === 'body' || part === 'response' ? hoist(value, components) : value,
    ]),
  );
}

/** A copy in which every schema with an `$id` is a placeholder, and the schema itself a component. */
function hoist(value: unknown, components: Map<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((one) => hoist(one, components));
  if (typeof value !== 'object' || value === null) return value;
  const { $id, ...members } = value as Record<string, unknown>;
  const copy = () =>
    Object.fromEntries(Object.entries(members).map(([key, member]) => [key, hoist(member, components)]));
  if (typeof $id !== 'string') return copy();
  if (!components.has($id)) components.set($id, copy());
  return { [placeholder]: $id };
}

function resolvePlaceholders(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolvePlaceholders);
  if (typeof value !== 'object' || value === null) return value;
  const id = (value as Record<string, unknown>)[placeholder];
  if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolvePlaceholders(member)]));
}

/** The statuses that an operation can be said to answer with. */
const documentedStatuses = [...new Set(Object.values(errorKinds).map(({ status }) => status))].sort((a, b) => a - b);

function describeProblem(status: number, components: Map<string, unknown>): unknown {
  const kinds = Object.entries(errorKinds).filter(([, kind]) => kind.status === status);
  return {
    description: kinds.map(([code, { title }]) => `\`${code}\`: ${title}`).join('. '),
    content: { 'application/problem+json': { schema: hoist(Problem, components) } },
  };
}

function completeOperations(document: Document, routeTable: readonly RouteEntry[]): void {
  for (const route of routeTable) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    const operation = document.paths?.[path]?.[route.method.toLowerCase()];
    if (operation !== undefined) completeOperation(operation, route);
  }
}

function completeOperation(operation: Operation, route: RouteEntry): void {
  operation.operationId ??= nameOperation(route);
  if (route.open) operation.security = [];
  for (const [status, response] of Object.entries(operation.responses))
    if (response.description === 'Default Response') response.description = STATUS_CODES[status] ?? 'The answer';
  if (route.websocket) describeSocket(operation);
  // What needs no token and takes a body is a login.
  const needsProof = !route.open || operation.requestBody !== undefined;
  // 413 of the headers and the URL, which every request has.
  const always = [400, ...(needsProof ? [401] : []), 403, 413, 429, 500, 503];
  const namesObject = route.url.includes(':') || operation.parameters?.some(({ name }) => name === 'engine') === true;
  const withObject = namesObject ? [404, 409, 504] : [];
  const withChoice = hasChoice(operation) ? [406] : [];
  const withBody = operation.requestBody === undefined ? [] : [404, 409, 413, 415, 422, 504];
  for (const status of [...always, ...withObject, ...withBody, ...withChoice])
    operation.responses[String(status)] ??= {
      $ref: `#/components/responses/Problem${status}`,
    } as Operation['responses'][string];
}

/** Does `Accept` choose between media types? */
function hasChoice({ responses }: Operation): boolean {
  return Object.values(responses).some(({ content }) => Object.keys(content ?? {}).length > 1);
}

/** OpenAPI has no words for sockets: the switch is a response, and the extension names what is spoken. */
function describeSocket(operation: Operation): void {
  operation['x-websocket'] = { subprotocol: 'terrarium.v1', documentation: '/asyncapi.json' };
  operation.responses['101'] ??= {
    description: 'Switching Protocols: with `Upgrade: websocket` this URL streams `terrarium.v1`',
  };
  operation.parameters = [
    ...(operation.parameters ?? []),
    {
      name: 'ticket',
      in: 'query',
      description: 'For the WebSocket of a page, in place of the Authorization header: see POST /api/v1/tickets',
      schema: { type: 'string' },
    } as { name: string; in: string },
  ];
}

/** `GET /api/v1/containers/:id/ports` → `getContainersIdPorts`. */
function nameOperation({ method, url }: RouteEntry): string {
  const words = url
    .replace(/^\/api\/v1/, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  // The document is served at the root, too.
  return `${method.toLowerCase()}${url.startsWith('/api/v1') ? '' : 'Root'}${name}`;
}
