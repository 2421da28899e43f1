// The AsyncAPI 3 document of the streams, made from the schemas that the frames are typed by and the examples that a test replays. Pure.
import { eventFilters, resumePoint } from '../../schemas/events.ts';
import { serverFrames, streamProtocol } from '../../schemas/stream.ts';
import { clientExamples, serverExamples } from '../../schemas/stream-examples.ts';
import { SubscribeFrame, UnsubscribeFrame } from '../../schemas/subscription.ts';

type Json = Record<string, unknown>;

const summaries: Readonly<Record<keyof typeof serverFrames, string>> = {
  hello: 'First, once: who speaks',
  subscribed: 'A subscription has begun with this key; of a lab, one for each member',
  snapshot: 'The whole state',
  delta: 'What has changed since the frame `base`',
  event: 'Something has happened',
  log: 'Lines that were written',
  state: 'Whether samples come, and why not',
  gap: 'Events were missed; a snapshot follows',
  heartbeat: 'The stream is alive',
  error: 'Something that a person should read',
};

const observed = ['hello', 'snapshot', 'delta', 'state', 'heartbeat', 'error'] as const;

/** The WebSocket URLs and what is said on them. */
const channels = {
  stream: {
    address: '/api/v1/stream',
    description: 'Many topics on one connection',
    says: Object.keys(serverFrames),
    hears: ['subscribe', 'unsubscribe'],
  },
  events: {
    address: '/api/v1/events',
    description: `One subscription to events: nothing to send. Query: ${[...Object.keys(eventFilters), ...Object.keys(resumePoint)].join(', ')}`,
    says: ['hello', 'snapshot', 'event', 'gap', 'heartbeat', 'error'],
    hears: [],
  },
  netstat: {
    address: '/api/v1/containers/{id}/netstat',
    description: 'One subscription to the sockets of a container: nothing to send',
    says: observed,
    hears: [],
  },
  ifconfig: {
    address: '/api/v1/containers/{id}/ifconfig',
    description: 'One subscription to the interfaces of a container: nothing to send',
    says: observed,
    hears: [],
  },
} as const satisfies Record<
  string,
  { address: string; description: string; says: readonly string[]; hears: readonly string[] }
>;

/** Describes every stream of the server. */
export function describeStreams(): Json {
  const schemas: Json = {};
  const payload = (schema: unknown) => hoist(schema, schemas);
  const messages: Json = {};
  for (const [type, schema] of Object.entries(serverFrames)) {
    const name = type as keyof typeof serverFrames;
    messages[type] = describeMessage(type, summaries[name], payload(schema), [serverExamples[name]]);
  }
  messages.subscribe = describeMessage(
    'subscribe',
    'Begin to follow',
    payload(SubscribeFrame),
    clientExamples.subscribe,
  );
  messages.unsubscribe = describeMessage(
    'unsubscribe',
    'Follow no longer',
    payload(UnsubscribeFrame),
    clientExamples.unsubscribe,
  );
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Terrarium streams',
      version: '1',
      description: `The WebSocket subprotocol \`${streamProtocol}\`: JSON text frames, each with a \`type\`. Ignore types and members that you do not know.`,
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: '127.0.0.1:4242',
        protocol: 'ws',
        description: 'Where it listens when nothing else is said',
        security: [
          { $ref: '#/components/securitySchemes/bearerAuth' },
          { $ref: '#/components/securitySchemes/ticket' },
        ],
      },
    },
    channels: Object.fromEntries(Object.entries(channels).map(([name, channel]) => [name, describeChannel(channel)])),
    operations: Object.fromEntries(
      Object.entries(channels).flatMap(([name, { says, hears }]) => [
        [`${name}Send`, describeOperation('send', name, says)],
        ...(hears.length === 0 ? [] : [[`${name}Receive`, describeOperation('receive', name, hears)]]),
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

function describeChannel({ address, description, says, hears }: (typeof channels)[keyof typeof channels]): Json {
  const parameters = address.includes('{id}')
    ? { parameters: { id: { description: 'Full id, exact name, or unique prefix of the id of a container' } } }
    : {};
  const messages = Object.fromEntries(
    [...says, ...hears].map((name) => [name, { $ref: `#/components/messages/${name}` }]),
  );
  return { address, description, ...parameters, messages, bindings: { ws: { method: 'GET' } } };
}

/** `action` is the server's. */
function describeOperation(action: 'send' | 'receive', channel: string, names: readonly string[]): Json {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    messages: names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
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
