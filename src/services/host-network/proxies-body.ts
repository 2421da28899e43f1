// What finds docker-proxies, and numbers of interfaces, is to the engine: a container that sees every process and may touch none, as the probe. It is another one than the rules
// helper, because root among the host's processes could stop them.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { roles } from '../../domain/labels.ts';
import { buildServantBody } from '../servant-body.ts';
import { deadManSeconds, servantPrologue } from '../servant-script.ts';

export interface ProxiesHelperSpec {
  /** Image by id. */
  readonly image: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
}

/** Bytes of one file that are read: the longest command line of a docker-proxy is shorter. */
const maxFileLength = 2_000;

/**
 * `proxies` lists docker-proxies, and a process's number the interfaces of its namespace with theirs, which nothing else tells to who may do nothing. A
 * process that ends while it is looked at is not there. Of other processes nothing is told.
 */
const proxiesScript = `${servantPrologue}
mark 'end 0'
while read -r -t ${deadManSeconds} tick words; do
  for word in $words; do
    case $word in
      proxies)
        mark proxies
        found=$($b grep -l docker-proxy /proc/[0-9]*/cmdline)
        # Two names at least: head names its files then.
        [ -z "$found" ] || $b head -c ${maxFileLength} $found \${found//cmdline/status} ;;
      [0-9]*)
        mark "indexes $word"
        while read -r index name rest; do
          case $index in [0-9]*) printf '%s %s\\n' "$index" "$name" ;; esac
        done < "/proc/$word/net/igmp" ;;
    esac
  done 2>/dev/null
  mark "end $tick"
done
`;

export function buildProxiesBody({ image, serverId, boundary }: ProxiesHelperSpec): CreateBody {
  return buildServantBody({
    image,
    serverId,
    role: roles.proxies,
    script: proxiesScript,
    arguments: ['proxies', boundary],
    host: { PidMode: 'host', CpuQuota: 100_000 },
  });
}
