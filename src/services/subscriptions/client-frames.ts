// Reads what a client says on `/stream`. Whatever it is, the answer is a frame or a failure that names what is wrong with it.
import { Compile } from 'typebox/schema';
import { Failure } from '../../schemas/failure.ts';
import { SubscribeFrame, UnsubscribeFrame } from '../../schemas/subscription.ts';

export type ClientFrame = SubscribeFrame | UnsubscribeFrame;

/** A frame, or what is wrong with it; `id` is the subscription that it speaks of, where that can be told. */
export type Said = { readonly frame: ClientFrame } | { readonly failure: Failure; readonly id: string | undefined };

const kinds = { subscribe: Compile(SubscribeFrame), unsubscribe: Compile(UnsubscribeFrame) };

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
    return refuse(`There is no message of the type ${shorten(type)}`, id, 'type');
  const kind = kinds[type];
  if (!kind.Check(value)) {
    const [, [error]] = kind.Errors(value);
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

function shorten(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40);
}
