// What can be observed: which words a question costs, and how a sample answers it, as JSON and as the program's text.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { selectSockets } from '../../domain/observation/netstat-options.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Ifconfig } from '../../schemas/ifconfig.ts';
import type { Netstat } from '../../schemas/netstat.ts';
import type { StreamFormat, StreamTopic } from '../../schemas/stream.ts';
import type { RowShape } from '../../streams/delta.ts';
import type { Sample } from './sampler.ts';

export interface TopicKind<Data> {
  readonly rows: RowShape;
  /** `options` is in canonical spelling. */
  words(options: string, format: StreamFormat): HelperWord[];
  data(sample: Sample, options: string, container: ContainerFacts): Data;
  text(sample: Sample, options: string): string;
}

const netstat: TopicKind<Netstat> = {
  rows: { list: 'sockets', id: 'id' },
  words(options, format) {
    if (format === 'json') return ['sockets'];
    return format === 'text' ? [`-${options}`] : ['sockets', `-${options}`];
  },
  data({ asOf, namespace, reading }, options, { id, name }) {
    const { sockets, truncated } = reading.sockets ?? missing();
    return { container: { id, name }, namespace, asOf, truncated, sockets: selectSockets(sockets, options) };
  },
  text: ({ reading }, options) => reading.texts.get(options) ?? missing(),
};

const ifconfig: TopicKind<Ifconfig> = {
  rows: { list: 'interfaces', id: 'name' },
  words: () => ['interfaces'],
  data({ asOf, namespace, reading }, _options, { id, name }) {
    const { interfaces, routes, neighbours, dns, truncated } = reading.interfaces ?? missing();
    return {
      container: { id, name },
      namespace,
      asOf,
      truncated,
      interfaces: [...interfaces],
      routes: [...routes],
      neighbours: [...neighbours],
      dns,
    };
  },
  text({ reading }, options) {
    const { textOfAll, textOfUp } = reading.interfaces ?? missing();
    return options.includes('a') ? textOfAll : textOfUp;
  },
};

export const topicKinds = { netstat, ifconfig } as const satisfies Record<StreamTopic, TopicKind<unknown>>;

function missing(): never {
  throw new Failure('internal', 'A sample lacks what it was asked for');
}
