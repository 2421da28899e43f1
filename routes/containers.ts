// Containers: listed and shown from the mirrors, created in one of the four models, started, stopped and removed.
import { type TSchema, Type } from 'typebox';
import { refuseMisplacedFields } from '../src/domain/container/create-fields.ts';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { Container, ContainerState, type Mode, Mode as ModeSchema, PublishedPort } from '../src/schemas/container.ts';
import {
  CreateBridged,
  CreateClosed,
  CreateJoined,
  CreateOpen,
  CreateQuery,
  type CreateRequest,
  createAnswers,
  EngineName,
  LabName,
} from '../src/schemas/create.ts';
import { Failure } from '../src/schemas/failure.ts';
import { signalDeparture } from './departure.ts';
import { sendMirrored } from './mirrored.ts';
import type { Routes } from './route.ts';

const tags = ['containers'];
const params = Type.Object({ id: Type.String({ description: 'Full id, exact name, or unique prefix of the id' }) });
const onEngine = { engine: Type.Optional(EngineName) };

const models: readonly { readonly mode: Mode; readonly body: TSchema; readonly summary: string }[] = [
  { mode: 'closed', body: CreateClosed, summary: 'Create a container with lo only (--network none)' },
  { mode: 'bridged', body: CreateBridged, summary: 'Create a container on a bridge or overlay network' },
  { mode: 'joined', body: CreateJoined, summary: "Create a container in another's network namespace" },
  { mode: 'open', body: CreateOpen, summary: "Create a container with published ports, or in the host's namespace" },
];

const timeout = {
  timeout: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 600,
      description: 'Seconds that the process gets to end before it is killed; default 3, and 1 for one on a terminal',
    }),
  ),
};
const rejoin = {
  rejoin: Type.Optional(
    Type.Boolean({ description: 'false: leave the containers that are joined to it stranded; default true' }),
  ),
};

const verbs = [
  { verb: 'start', query: {}, summary: 'Start it' },
  { verb: 'stop', query: timeout, summary: 'Stop it' },
  { verb: 'restart', query: { ...timeout, ...rejoin }, summary: 'Restart it, and rejoin what is joined to it' },
  { verb: 'pause', query: {}, summary: 'Freeze its processes' },
  { verb: 'unpause', query: {}, summary: 'Thaw its processes' },
  {
    verb: 'rejoin',
    query: timeout,
    summary: "Bring a stranded joined container back into its target's namespace",
  },
] as const;

/** What the query of a verb may hold; which of it is allowed says its schema. */
interface VerbQuery {
  readonly engine?: string;
  readonly timeout?: number;
  readonly rejoin?: boolean;
}

export const containerRoutes: Routes = async (app) => {
  const { containers } = app.services;

  for (const { mode, body, summary } of models) {
    app.post(
      `/containers/${mode}`,
      {
        schema: {
          tags,
          summary,
          description:
            'An `Idempotency-Key` makes a retry safe: the same key gives the first result again (201, with `idempotency-replayed: true`), also after a restart of the server.',
          querystring: CreateQuery,
          headers: Type.Object({
            'idempotency-key': Type.Optional(
              Type.String({ minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' }),
            ),
          }),
          body,
          response: createAnswers,
        },
        preValidation: async (request) => refuseMisplacedFields(mode, request.body),
      },
      async (request, reply) => {
        const order = { ...(request.body as object), mode } as CreateRequest;
        const options = { engine: request.query.engine, idempotencyKey: request.headers['idempotency-key'] };
        if (request.query.dryRun === true) {
          return reply.status(200).send(await containers.dryRun(request.principal, order, options));
        }
        const departure = signalDeparture(reply);
        const { container, replayed } = await containers.create(request.principal, order, options, departure);
        if (replayed) reply.header('idempotency-replayed', 'true');
        return reply.status(201).header('location', `/api/v1/containers/${container.id}`).send(container);
      },
    );
  }

  app.get(
    '/containers',
    {
      schema: {
        tags,
        summary: 'List containers',
        description:
          'From the mirror of each engine, oldest first. `ETag` and `If-None-Match` are honoured; while an engine is away the answer has `x-terrarium-stale: true` and an `age` in seconds.',
        querystring: Type.Object({
          mode: Type.Optional(ModeSchema),
          lab: Type.Optional(LabName),
          state: Type.Optional(ContainerState),
          scope: Type.Optional(
            Type.Unsafe<'managed' | 'all'>({
              type: 'string',
              enum: ['managed', 'all'],
              description: 'managed (default): those that Terrarium made; all: every one of the engine',
            }),
          ),
          ...onEngine,
        }),
        response: { 200: Type.Array(Container) },
      },
    },
    async (request, reply) => sendMirrored(request, reply, containers.list(request.principal, request.query)),
  );

  app.get(
    '/containers/:id',
    {
      schema: {
        tags,
        summary: 'Show one container',
        params,
        querystring: Type.Object(onEngine),
        response: { 200: Container },
      },
    },
    async (request, reply) =>
      sendMirrored(request, reply, containers.get(request.principal, request.params.id, request.query.engine)),
  );

  app.delete(
    '/containers/:id',
    {
      schema: {
        tags,
        summary: 'Remove a container, running or not, with its anonymous volumes',
        params,
        querystring: Type.Object(onEngine),
        response: { 204: Type.Null({ description: 'It is gone' }) },
      },
    },
    async ({ principal, params: { id }, query: { engine } }, reply) => {
      await containers.remove({ principal, ref: id, engine });
      return reply.status(204).send(null);
    },
  );

  for (const { verb, query, summary } of verbs) {
    app.post(
      `/containers/:id/${verb}`,
      {
        schema: {
          tags,
          summary,
          params,
          querystring: Type.Object({ ...onEngine, ...query }),
          response: { 200: Container },
        },
      },
      async (request) => {
        const { engine, timeout: timeoutSeconds, rejoin: wanted } = request.query as VerbQuery;
        const { principal } = request;
        return containers.change(verb, { principal, ref: request.params.id, engine, timeoutSeconds, rejoin: wanted });
      },
    );
  }

  app.get(
    '/containers/:id/ports',
    {
      schema: {
        tags,
        summary: 'What `docker port` shows: the live publications',
        params,
        querystring: Type.Object(onEngine),
        response: {
          200: {
            description: 'JSON by default; text/plain as the Docker CLI prints it',
            content: {
              'application/json': { schema: Type.Array(PublishedPort) },
              'text/plain': { schema: Type.String() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const { ports, text } = containers.ports(principal, request.params.id, request.query.engine);
      reply.header('vary', 'Accept').header('cache-control', 'no-cache');
      switch (chooseMediaType(request.headers.accept, ['application/json', 'text/plain'])) {
        case 'application/json':
          return reply.send(ports);
        case 'text/plain':
          return reply.type('text/plain; charset=utf-8').send(text);
        case null:
          throw new Failure('not_acceptable', 'Ports come as JSON, or as the text of docker port', {
            hint: 'Accept one of application/json, text/plain',
          });
      }
    },
  );
};
