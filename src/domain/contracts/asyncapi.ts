// The AsyncAPI 3 document of the streams, made from the schemas that the frames are typed by and the examples that a test replays. Pure.
import { EventsQuery } from '../../schemas/events.ts';
import { IfconfigQuery, NetstatQuery } from '../../schemas/observation-query.ts';
import { serverFrames, streamProtocol } from '../../schemas/stream.ts';
import { clientExamples, engineStateExample, serverExamples } from '../../schemas/stream-examples.ts';
import { SubscribeFrame, UnsubscribeFrame } from '../../schemas/subscription.ts';
import { TerminalQuery, terminalFrames } from '../../schemas/terminal.ts';
import { terminalBytes, terminalExamples } from '../../schemas/terminal-examples.ts';

type Json = Record<string, unknown>;

interface Message {
  readonly summary: string;
  readonly schema: unknown;
  readonly examples: readonly unknown[];
}

const said = <Type extends keyof typeof serverFrames>(type: Type, summary: string): Message => ({
  summary,
  schema: serverFrames[type],
  examples: [serverExamples[type]],
});

/** JSON text frames, by type. */
const frames = {
  hello: said('hello', 'First, once: who speaks'),
  subscribed: said('subscribed', 'A subscription has begun with this key; of a lab, one for each member'),
  snapshot: said('snapshot', 'The whole state'),
  delta: said('delta', 'What has changed since the frame `base`'),
  event: said('event', 'Something has happened'),
  log: said('log', 'Lines that were written'),
  state: {
    summary: 'Whether samples come, and why not: of one stream, or of an engine',
    schema: serverFrames.state,
    examples: [serverExamples.state, engineStateExample],
  },
  gap: said('gap', 'Events were missed; a snapshot follows'),
  heartbeat: said('heartbeat', 'The stream is alive'),
  error: said('error', 'Something that a person should read'),
  subscribe: { summary: 'Begin to follow', schema: SubscribeFrame, examples: clientExamples.subscribe },
  unsubscribe: { summary: 'Follow no longer', schema: UnsubscribeFrame, examples: clientExamples.unsubscribe },
  resize: {
    summary: 'The window of the terminal has another size',
    schema: terminalFrames.client.resize,
    examples: [terminalExamples.resize],
  },
  pause: {
    summary: 'Hold the output of the terminal up',
    schema: terminalFrames.client.pause,
    examples: [terminalExamples.pause],
  },
  resume: {
    summary: 'Let the output of the terminal go on',
    schema: terminalFrames.client.resume,
    examples: [terminalExamples.resume],
  },
  exit: {
    summary: 'How the process of the terminal ended; a close with 1000 follows',
    schema: terminalFrames.server.exit,
    examples: [terminalExamples.exit],
  },
} as const satisfies Record<string, Message>;

/** Binary frames: their payload is no JSON. */
const bytes = {
  input: { summary: 'Bytes that are typed', examples: [terminalBytes.input] },
  output: { summary: 'Bytes that the TTY shows', examples: [terminalBytes.output] },
} as const;

type MessageName = keyof typeof frames | keyof typeof bytes;

interface Channel {
  readonly address: string;
  readonly description: string;
  readonly query?: unknown;
  /** How else it is to be had, on the same URL over plain HTTP. */
  readonly overHttp?: string;
  readonly says: readonly MessageName[];
  readonly hears: readonly MessageName[];
}

const observed = ['hello', 'snapshot', 'delta', 'state', 'heartbeat', 'error'] as const;

/** The URLs of the streams and what is said on them. */
const channels: Readonly<Record<string, Channel>> = {
  stream: {
    address: '/api/v1/stream',
    description: 'Many topics on one connection',
    says: Object.keys(serverFrames) as (keyof typeof serverFrames)[],
    hears: ['subscribe', 'unsubscribe'],
  },
  events: {
    address: '/api/v1/events',
    description: 'One subscription to events: nothing to send',
    query: EventsQuery,
    overHttp:
      'Accept application/x-ndjson for one frame a line, or text/event-stream for server-sent events: their id is what Last-Event-ID goes on after, in place of bootId and seq',
    says: ['hello', 'snapshot', 'event', 'gap', 'heartbeat', 'error'],
    hears: [],
  },
  netstat: {
    address: '/api/v1/containers/{id}/netstat',
    description: 'One subscription to the sockets of a container: nothing to send',
    query: NetstatQuery,
    overHttp: 'Accept application/x-ndjson for one frame a line',
    says: observed,
    hears: [],
  },
  ifconfig: {
    address: '/api/v1/containers/{id}/ifconfig',
    description: 'One subscription to the interfaces of a container: nothing to send',
    query: IfconfigQuery,
    overHttp: 'Accept application/x-ndjson for one frame a line',
    says: observed,
    hears: [],
  },
  terminal: {
    address: '/api/v1/containers/{id}/terminal',
    description:
      'A shell in a container, a program of it, or its main process. Binary frames are bytes of the TTY, both ways; text frames are JSON. `exit` or `error` is the last frame before the close. There is no hello and no heartbeat frame: the server pings',
    query: TerminalQuery,
    says: ['output', 'exit', 'error'],
    hears: ['input', 'resize', 'pause', 'resume'],
  },
};

const bearerAuth = { $ref: '#/components/securitySchemes/bearerAuth' };

/** Describes every stream of the server. */
export function describeStreams(): Json {
  const schemas: Json = {};
  const payload = (schema: unknown) => hoist(schema, schemas);
  const messages: Json = {};
  for (const [name, { summary, schema, examples }] of Object.entries<Message>(frames))
    messages[name] = describeMessage(name, summary, payload(schema), examples);
  for (const [name, { summary, examples }] of Object.entries(bytes))
    messages[name] = {
      ...describeMessage(name, summary, { type: 'string', format: 'binary' }, examples),
      contentType: 'application/octet-stream',
    };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Terrarium streams',
      version: '1',
      description: `The WebSocket subprotocol \`${streamProtocol}\`: JSON text frames, each with a \`type\`; on a terminal binary ones besides. Ignore types and members that you do not know.`,
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: '127.0.0.1:4242',
        protocol: 'ws',
        description: 'Where it listens when nothing else is said',
        security: [bearerAuth, { $ref: '#/components/securitySchemes/ticket' }],
      },
      localHttp: {
        host: '127.0.0.1:4242',
        protocol: 'http',
        description: 'The same without a WebSocket, where a channel says how',
        security: [bearerAuth],
      },
    },
    channels: Object.fromEntries(Object.entries(channels).map(([name, channel]) => [name, describeChannel(channel)])),
    operations: Object.fromEntries(
      Object.entries(channels).flatMap(([name, channel]) => [
        [`${name}Send`, describeOperation('send', name, channel, channel.says)],
        ...(channel.hears.length === 0
          ? []
          : [[`${name}Receive`, describeOperation('receive', name, channel, channel.hears)]]),
      ]),
    ),
    components: {
      messages,
      schemas,
      securitySchemes: {
        bearerAuth: { type: 'http', scheme: 'bearer' },
        ticket: {
          type: 'httpApiKey',
          in: 'query',
          name: 'ticket',
          description: 'For pages: single use, from POST /api/v1/tickets',
        },
      },
    },
  };
}

function describeMessage(name: string, summary: string, payload: unknown, examples: readonly unknown[]): Json {
  return { name, title: name, summary, payload, examples: examples.map((example) => ({ payload: example })) };
}

function describeChannel({ address, description, query, overHttp, says, hears }: Channel): Json {
  const parameters = address.includes('{id}')
    ? { parameters: { id: { description: 'Full id, exact name, or unique prefix of the id of a container' } } }
    : {};
  const messages = Object.fromEntries(
    [...says, ...hears].map((name) => [name, { $ref: `#/components/messages/${name}` }]),
  );
  const servers = ['local', ...(overHttp === undefined ? [] : ['localHttp'])];
  return {
    address,
    description: overHttp === undefined ? description : `${description}. Over HTTP: ${overHttp}`,
    servers: servers.map((name) => ({ $ref: `#/servers/${name}` })),
    ...parameters,
    messages,
    bindings: { ws: { method: 'GET', ...(query !== undefined && { query }), bindingVersion: '0.1.0' } },
  };
}

/** `action` is the server's. */
function describeOperation(
  action: 'send' | 'receive',
  name: string,
  { query, overHttp }: Channel,
  messages: readonly MessageName[],
): Json {
  return {
    action,
    channel: { $ref: `#/channels/${name}` },
    messages: messages.map((message) => ({ $ref: `#/channels/${name}/messages/${message}` })),
    ...(overHttp !== undefined && { bindings: { http: { method: 'GET', query, bindingVersion: '0.3.0' } } }),
  };
}

/** A copy in which every schema with an `$id` is a reference, and the schema itself is in `components`. */
function hoist(value: unknown, components: Json): unknown {
  if (Array.isArray(value)) return value.map((one) => hoist(one, components));
  if (typeof value !== 'object' || value === null) return value;
  const { $id, ...members } = value as Json;
  const copy = () =>
    Object.fromEntries(Object.entries(members).map(([name, member]) => [name, hoist(member, components)]));
  if (typeof $id !== 'string') return copy();
  components[$id] ??= copy();
  return { $ref: `#/components/schemas/${$id}` };
}
