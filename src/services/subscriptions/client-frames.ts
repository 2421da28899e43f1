// Reads what a client says on `/stream`. Whatever it is, the answer is a frame or a failure that names what is wrong with it.
// A client may nest a value thousands of levels deep: this code never walks or stringifies a value before it is valid.
import { Compile } from 'typebox/schema';
import { Failure } from '../../schemas/failure.ts';
import { SubscribeFrame, UnsubscribeFrame } from '../../schemas/subscription.ts';

export type ClientFrame = SubscribeFrame | UnsubscribeFrame;

/** A frame, or what is wrong with it; `id` is the subscription that it speaks of, where that can be told. */
export type Said = { readonly frame: ClientFrame } | { readonly failure: Failure; readonly id: string | undefined };

const kinds = {
  subscribe: { validator: Compile(SubscribeFrame), fields: new Set(Object.keys(SubscribeFrame.properties)) },
  unsubscribe: { validator: Compile(UnsubscribeFrame), fields: new Set(Object.keys(UnsubscribeFrame.properties)) },
};

/** A value or a name of the client is quoted up to this length, in UTF-16 code units. */
const maxQuoted = 40;

/** Which fields mean something to which topic, beside those of every subscription. */
const fieldsOf: Readonly<Record<SubscribeFrame['topic'], ReadonlySet<string>>> = {
  netstat: new Set(['options', 'intervalMs', 'format']),
  ifconfig: new Set(['options', 'intervalMs', 'format']),
  events: new Set(['scope', 'bootId', 'seq']),
  logs: new Set(['tail']),
};
const always: ReadonlySet<string> = new Set(['type', 'id', 'topic', 'container', 'lab', 'engine']);

/** @param text the message; null where it was binary */
export function readClientFrame(text: string | null): Said {
  let value: unknown;
  try {
    value = text === null ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('A message has to be a text frame with one JSON object', undefined);
  const { type, id: given } = value as { type?: unknown; id?: unknown };
  const id = typeof given === 'string' && given.length > 0 && given.length <= 64 ? given : undefined;
  if (type !== 'subscribe' && type !== 'unsubscribe')
    return refuse(`type is ${describe(type)}; it must be "subscribe" or "unsubscribe"`, id, 'type');
  const { validator, fields } = kinds[type];
  // Before the validator: it would report each of the thousands of fields that fit into a message.
  const unknown = Object.keys(value).find((field) => !fields.has(field));
  if (unknown !== undefined) return refuse(`The ${type} message has no field ${quote(unknown)}`, id, cut(unknown));
  if (!validator.Check(value)) {
    const [, [error]] = validator.Errors(value);
    const place = error?.instancePath.slice(1).replaceAll('/', '.') ?? '';
    return refuse(`${place === '' ? `The ${type} message` : place} ${error?.message ?? 'is not valid'}`, id, place);
  }
  const frame = value as ClientFrame;
  const problem = frame.type === 'subscribe' ? findMisfit(frame) : null;
  return problem === null ? { frame } : refuse(problem, id);
}

function findMisfit(frame: SubscribeFrame): string | null {
  const { topic, container, lab } = frame;
  const stranger = Object.keys(frame).find((field) => !always.has(field) && !fieldsOf[topic].has(field));
  if (stranger !== undefined) return `"${stranger}" means nothing to the topic ${topic}`;
  if (topic === 'events') return null;
  if (container !== undefined && lab !== undefined) return 'container and lab exclude each other';
  return container === undefined && lab === undefined ? `${topic} needs a container or a lab` : null;
}

function refuse(detail: string, id: string | undefined, field?: string): Said {
  const failure = new Failure('invalid_request', detail, {
    ...(field !== undefined && field !== '' && { field }),
    hint: 'Send { "type": "subscribe", "id", "topic": "netstat|ifconfig|events|logs", … } or { "type": "unsubscribe", "id" }',
  });
  return { failure, id };
}

/** Quotes a primitive. Names the type of anything else: `JSON.stringify` overflows the stack on a deep value. */
function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function quote(text: string): string {
  return JSON.stringify(cut(text));
}

/** Never ends in half a surrogate pair: a character outside the BMP is kept whole or dropped. */
function cut(text: string): string {
  if (text.length <= maxQuoted) return text;
  return `${text.slice(0, maxQuoted - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
