// What a caller is to the engine: the create body of a container that asks addresses whether an engine answers there. It needs no right for that.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { roles } from '../../domain/labels.ts';
import { buildServantBody } from '../servant-body.ts';
import { deadManSeconds, servantPrologue } from '../servant-script.ts';

export interface CallerSpec {
  /** Image by id. */
  readonly image: string;
  /** `host`, or the name of a network. */
  readonly networkMode: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
}

/** Seconds that an address may take to answer. */
const answerSeconds = 3;

/** Words are `HOST:PORT`, addresses and numbers of ours. What it asks for is what an engine answers to everybody who may ask it anything: `/_ping`. */
const callerScript = `${servantPrologue}
ask() {
  said=$($b timeout ${answerSeconds + 1} $b wget -q -T ${answerSeconds} -O - "http://$1/_ping" 2>&1 | $b head -c 200 | $b tr '\\n' ' ')
  printf '%s %s\\n' "$1" "$said"
}

mark 'end 0'
while read -r -t ${deadManSeconds} tick words; do
  mark answers
  for word in $words; do
    ask "$word" &
  done
  wait
  mark "end $tick"
done
`;

export function buildCallerBody({ image, networkMode, serverId, boundary }: CallerSpec): CreateBody {
  return buildServantBody({
    image,
    serverId,
    role: roles.helper,
    script: callerScript,
    arguments: ['caller', boundary],
    host: { NetworkMode: networkMode, PidsLimit: 64 },
  });
}
