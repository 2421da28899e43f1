// What is happening in a container's network: once as JSON or text, or followed as NDJSON or on a WebSocket, all on the same URL.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { WebSocket } from 'ws';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { parseNetstatOptions } from '../src/domain/observation/netstat-options.ts';
import { Failure } from '../src/schemas/failure.ts';
import { Ifconfig } from '../src/schemas/ifconfig.ts';
import { Netstat } from '../src/schemas/netstat.ts';
import { defaultNetstatOptions, IfconfigQuery, NetstatQuery } from '../src/schemas/observation-query.ts';
import { intervalLimits, type StreamTopic } from '../src/schemas/stream.ts';
import type { Question } from '../src/services/observation/observation-service.ts';
import type { ProbeNumbers } from '../src/services/observation/probe/engine-probes.ts';
import { ndjsonWire } from '../src/streams/ndjson-wire.ts';
import { websocketWire } from '../src/streams/websocket-wire.ts';
import type { Routes } from './route.ts';

const mediaTypes = ['application/json', 'text/plain', 'application/x-ndjson'] as const;

const params = Type.Object({ id: Type.String({ description: 'Full id, exact name, or unique prefix of the id' }) });

/** What both query strings have. */
type CommonQuery = Pick<NetstatQuery & IfconfigQuery, 'engine' | 'intervalMs' | 'format'>;
type ObservationRequest<Query> = Pick<FastifyRequest, 'headers' | 'principal' | 'raw'> & {
  readonly params: { readonly id: string };
  readonly query: Query & CommonQuery;
};

const answerOf = (schema: typeof Netstat | typeof Ifconfig) => ({
  200: {
    description:
      'JSON by default; `Accept` chooses the text of the program, or a stream of terrarium.v1 frames, one a line',
    content: {
      'application/json': { schema },
      'text/plain': { schema: Type.String({ description: 'As the program prints it' }) },
      'application/x-ndjson': { schema: Type.String({ description: 'terrarium.v1 frames' }) },
    },
  },
});

export const observationRoutes: Routes = async (app) => {
  const { catalogue, observation, streams } = app.services;
  app.addHook('preClose', async () => streams.close());
  addProbeMetrics(app);

  /** One URL, every way to ask. */
  function observe<Topic extends StreamTopic, Query>(readQuestion: (query: Query) => Question<Topic>) {
    type Request = ObservationRequest<Query>;
    const locate = ({ principal, params, query }: Request) => catalogue.find(principal, params.id, query.engine);
    const subject = (request: Request) =>
      observation.follow(
        request.principal,
        locate(request),
        readQuestion(request.query),
        request.query.format ?? 'json',
      );
    const pace = ({ query }: Request) => ({ intervalMs: query.intervalMs ?? intervalLimits.default, closeAtEnd: true });

    return {
      /** Before an upgrade too: what is wrong with the question is answered over HTTP. */
      async check(request: Request): Promise<void> {
        subject(request);
      },

      async answer(request: Request, reply: FastifyReply) {
        reply.header('cache-control', 'no-store').header('vary', 'Accept');
        const mediaType = chooseMediaType(request.headers.accept, mediaTypes);
        if (mediaType === null)
          throw new Failure(
            'not_acceptable',
            `Nothing that "${request.headers.accept?.slice(0, 100)}" accepts can be produced here`,
            {
              hint: `Accept one of ${mediaTypes.join(', ')}, or upgrade to a WebSocket`,
            },
          );
        const located = locate(request);
        const question = readQuestion(request.query);
        if (mediaType === 'application/x-ndjson') {
          observation.requireRunning(located);
          reply.countStream();
          const { wire, body } = ndjsonWire();
          streams.connect(wire).subscribe(subject(request), pace(request));
          return reply.type(mediaType).send(body);
        }
        refuseStreamParameters(request.query);
        if (mediaType === 'text/plain')
          return reply
            .type('text/plain; charset=utf-8')
            .send(await observation.readText(request.principal, located, question));
        return reply.send(await observation.read(request.principal, located, question));
      },

      stream(socket: WebSocket, request: Request): void {
        const wire = websocketWire(socket, request.raw.socket);
        const session = streams.connect(wire);
        wire.onMessage(() =>
          session.fail(
            new Failure('invalid_request', 'There is nothing to send on this URL: it is one subscription', {
              hint: 'Choose with the query string: options, all, intervalMs, format',
            }),
          ),
        );
        try {
          session.subscribe(subject(request), pace(request));
        } catch (error) {
          // It was there before the upgrade, and is gone now.
          if (!(error instanceof Failure)) throw error;
          session.fail(error);
        }
      },
    };
  }

  const netstat = observe((query: NetstatQuery) => ({
    topic: 'netstat',
    options: parseNetstatOptions(query.options ?? defaultNetstatOptions),
  }));
  app.route({
    method: 'GET',
    url: '/containers/:id/netstat',
    exposeHeadRoute: false,
    schema: {
      tags: ['observation'],
      summary: 'The sockets of its network namespace; upgrades to a WebSocket (terrarium.v1)',
      params,
      querystring: NetstatQuery,
      response: answerOf(Netstat),
    },
    preHandler: netstat.check,
    handler: netstat.answer,
    wsHandler: netstat.stream,
  });

  const ifconfig = observe((query: IfconfigQuery) => ({
    topic: 'ifconfig',
    options: query.all === true ? 'a' : '',
  }));
  app.route({
    method: 'GET',
    url: '/containers/:id/ifconfig',
    exposeHeadRoute: false,
    schema: {
      tags: ['observation'],
      summary: 'Its interfaces, routes, neighbours and resolver; upgrades to a WebSocket (terrarium.v1)',
      params,
      querystring: IfconfigQuery,
      response: answerOf(Ifconfig),
    },
    preHandler: ifconfig.check,
    handler: ifconfig.answer,
    wsHandler: ifconfig.stream,
  });
};

/** A parameter that would have no effect is a misunderstanding. */
function refuseStreamParameters(query: CommonQuery): void {
  for (const field of ['intervalMs', 'format'] as const)
    if (query[field] !== undefined)
      throw new Failure(
        'invalid_request',
        `The query parameter "${field}" belongs to a stream, and this is a single answer`,
        {
          field,
          hint: 'Accept application/x-ndjson, or upgrade to a WebSocket; for the text of the program accept text/plain',
        },
      );
}

/** What the probes do and cost; all 0 where helpers observe. */
function addProbeMetrics({ metrics, services: { observation } }: FastifyInstance): void {
  const sum = (read: (numbers: ProbeNumbers) => number) => () =>
    observation.probeNumbers().reduce((total, numbers) => total + read(numbers), 0);
  metrics.counter(
    'probe_questions_total',
    'Lines said to the probes: they look by themselves in between where nothing moves',
    sum(({ questions }) => questions),
  );
  metrics.counter(
    'probe_walks_total',
    'Reads of the socket tables of a namespace since the start',
    sum(({ walks }) => walks),
  );
  metrics.counter(
    'probe_walk_seconds_total',
    'CPU time of these reads',
    sum(({ walkNs }) => walkNs / 1e9),
  );
  metrics.counter(
    'probe_cpu_seconds_total',
    'CPU time of the probes in all',
    sum(({ cpuNs }) => cpuNs / 1e9),
  );
  metrics.counter(
    'probe_late_reads_total',
    'Reads that had to wait for their turn under the cap',
    sum(({ late }) => late),
  );
  metrics.counter(
    'probe_forced_reads_total',
    'Reads because none had happened for a minute',
    sum(({ forced }) => forced),
  );
  metrics.counter(
    'probe_forced_changes_total',
    'Of the forced reads, those that found what no witness had told: should be 0',
    sum(({ forcedChanges }) => forcedChanges),
  );
  metrics.gauge('probe_oldest_seconds', 'Age of the oldest state that is shown as present', () =>
    Math.max(0, ...observation.probeNumbers().map(({ oldestMs }) => oldestMs / 1000)),
  );
}
