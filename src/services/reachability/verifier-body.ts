// What a verifier is to the engine: a container that joins one namespace and opens TCP connections from there. It needs no right for that, but for one
// that has to forget whom it met.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { roles } from '../../domain/labels.ts';
import { closedCode } from '../../domain/reachability/connection-result.ts';
import { buildServantBody } from '../servant-body.ts';
import { deadManSeconds, servantPrologue } from '../servant-script.ts';

export interface VerifierSpec {
  /** Image by id. */
  readonly image: string;
  /** `host`, or `container:ID`. */
  readonly networkMode: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
  /** Will it be asked to forget? Then it has NET_ADMIN, in that namespace. */
  readonly mayForget: boolean;
}

/** The word that empties the namespace's table of neighbours: the kernel has room for so many in all namespaces together (rounds.ts). */
export const forgetWord = 'forget';

/** Connections that are made at the same time. */
export const connectionsAtOnce = 64;

/** Seconds: a neighbour that is not there is given up by the kernel after three. */
const connectSeconds = 5;
/** Seconds after which a connection that was accepted, and not closed, counts as open. */
const holdSeconds = 1;

/**
 * Words are `ADDRESS,PORT,open` and `ADDRESS,PORT,held` (domain/reachability/connection-result.ts), addresses and numbers of ours. A connection is closed
 * as soon as it is known to be there; nothing is sent. One that is held is looked at for a while: does it end without a byte? Bytes are counted, and no
 * shell reads them: it would drop a zero.
 */
const verifierScript = `${servantPrologue}
connect() {
  port=\${1#*,}
  address=\${1%%,*}
  how=\${port#*,}
  port=\${port%,*}
  if [ "$how" = held ]; then
    said=$($b nc -w ${connectSeconds} "$address" "$port" -e $b sh -c '
      heard=$({ /bin/busybox timeout ${holdSeconds} /bin/busybox head -c 1 2>/dev/null || echo late; } | /bin/busybox wc -c)
      [ "$heard" != 0 ] || exit ${closedCode}' 2>&1 < /dev/null)
  else
    said=$($b nc -w ${connectSeconds} "$address" "$port" -e $b true 2>&1 < /dev/null)
  fi
  printf '%s %s %s\\n' "$1" "$?" "$said"
}

forget() {
  for device in /sys/class/net/*; do
    $b ip neigh flush dev "\${device##*/}"
  done
}

mark 'end 0'
while read -r -t ${deadManSeconds} tick words; do
  mark connections
  for word in $words; do
    if [ "$word" = ${forgetWord} ]; then forget; else connect "$word" & fi
  done
  wait
  mark "end $tick"
done
`;

export function buildVerifierBody({ image, networkMode, serverId, boundary, mayForget }: VerifierSpec): CreateBody {
  return buildServantBody({
    image,
    serverId,
    role: roles.verifier,
    script: verifierScript,
    arguments: ['verifier', boundary],
    ...(mayForget && { user: '0:0' }),
    host: {
      ...(mayForget && { CapAdd: ['NET_ADMIN'] }),
      NetworkMode: networkMode,
      CpuQuota: 100_000,
      // The shell, and for each connection its own shells and what runs in them.
      PidsLimit: 16 + 8 * connectionsAtOnce,
    },
  });
}
