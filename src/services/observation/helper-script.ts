// The one program that a helper runs: a shell loop over a closed vocabulary. Nothing that a client wrote ever becomes part of it or of its input.
import { helperLimits } from '../../domain/observation/helper-output.ts';
import { deadManSeconds, servantPrologue } from '../servant-script.ts';

/**
 * Names its namespace at once, as the answer to a tick 0 that nobody has to send. Then it reads a line `TICK WORD…` from stdin, prints a section for each word and an `end TICK` mark; ends at EOF or without a tick for
 * {@link deadManSeconds}. A table is read with one row more than the limit, so that a cut can be told from an end.
 */
export const helperScript = `${servantPrologue}
mark namespace; $b readlink /proc/self/ns/net
mark 'end 0'
while read -r -t ${deadManSeconds} tick words; do
  for word in $words; do
    case $word in
      sockets)
        mark sockets
        $b head -n ${helperLimits.socketRows + 2} /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 /proc/net/raw /proc/net/raw6 ;;
      interfaces)
        mark devices; $b head -n ${helperLimits.listLines + 3} /proc/net/dev
        mark ifconfig; $b ifconfig -a | $b head -n ${helperLimits.ifconfigLines + 1}
        mark addresses; $b ip -o -4 addr | $b head -n ${helperLimits.listLines + 1}
        mark routes; $b head -n ${helperLimits.listLines + 1} /proc/net/route
        mark routes6; $b head -n ${helperLimits.listLines + 1} /proc/net/ipv6_route
        mark neighbours; $b head -n ${helperLimits.listLines + 2} /proc/net/arp
        mark resolver; $b head -c ${helperLimits.resolverBytes} /etc/resolv.conf ;;
      -*)
        mark "$word"; $b netstat "$word" | $b head -n ${helperLimits.textRows + 3} ;;
    esac
  done 2>/dev/null
  mark "end $tick"
done
`;
