// What can be observed: which words a question costs, and how a sample answers it, as JSON and as the program's text.
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { selectSockets } from '../../domain/observation/netstat-options.ts';
import type { ContainerRef } from '../../schemas/container.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Ifconfig } from '../../schemas/ifconfig.ts';
import type { Netstat } from '../../schemas/netstat.ts';
import type { StreamFormat, StreamTopic } from '../../schemas/stream.ts';
import type { RowShape } from '../../streams/delta.ts';
import type { AsOf } from './lookout.ts';
import type { Sample } from './sampler.ts';

export interface TopicKind<Data> {
  readonly rows: RowShape;
  /** `options` is in canonical spelling. */
  words(options: string, format: StreamFormat): HelperWord[];
  data(sample: Sample, options: string, container: ContainerRef): Data;
  text(sample: Sample, options: string): string;
  /** Milliseconds since the epoch: until when what a sample shows is known to be so. */
  asOf(asOf: AsOf): number;
  /** Stands for what the sample shows: samples with the same one show the same. */
  evidence(sample: Sample, options: string, format: StreamFormat): unknown;
}

const netstat: TopicKind<Netstat> = {
  rows: { list: 'sockets', id: 'id' },
  words(options, format) {
    if (format === 'json') return ['sockets'];
    return format === 'text' ? [`-${options}`] : ['sockets', `-${options}`];
  },
  data({ asOf, namespace, reading }, options, { id, name }) {
    const { sockets, truncated } = reading.sockets ?? missing();
    return {
      container: { id, name },
      namespace,
      asOf: new Date(asOf.sockets).toISOString(),
      truncated,
      sockets: selectSockets(sockets, options),
    };
  },
  text: ({ reading }, options) => reading.texts.get(options) ?? missing(),
  asOf: ({ sockets }) => sockets,
  evidence: ({ reading }, options, format) => (format === 'text' ? reading.texts.get(options) : reading.sockets),
};

const ifconfig: TopicKind<Ifconfig> = {
  rows: { list: 'interfaces', id: 'name' },
  words: () => ['interfaces'],
  data({ asOf, namespace, reading }, _options, { id, name }) {
    const { interfaces, routes, neighbours, dns, truncated } = reading.interfaces ?? missing();
    return {
      container: { id, name },
      namespace,
      asOf: new Date(asOf.interfaces).toISOString(),
      truncated,
      interfaces: [...interfaces],
      routes: [...routes],
      neighbours: [...neighbours],
      dns,
    };
  },
  text({ reading }, options) {
    const interfaces = reading.interfaces ?? missing();
    return interfaces.text({ onlyUp: !options.includes('a') });
  },
  asOf: ({ interfaces }) => interfaces,
  evidence: ({ reading }) => reading.interfaces,
};

export const topicKinds = { netstat, ifconfig } as const satisfies Record<StreamTopic, TopicKind<unknown>>;

function missing(): never {
  throw new Failure('internal', 'A sample lacks what it was asked for');
}
