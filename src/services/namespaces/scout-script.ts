// The one program that a scout runs: a shell loop over a closed vocabulary. Nothing that a client wrote becomes part of it but a number.
import { namespaceKinds } from '../../schemas/namespaces.ts';
import { servantPrologue } from '../servant-script.ts';

/** Seconds without a question after which a scout ends by itself: its server is gone, whatever the connection says. */
const deadManSeconds = 20;

/**
 * Words: `host` (the namespaces that it is in itself), `pPID` (the device table and the cgroups of a process). `/proc/PID/ns` is closed to it, but of
 * `/proc/PID/net/dev` there is one for each network namespace, so its inode number tells namespaces apart (fs/proc/proc_net.c). A process that has
 * ended and was not waited for has left its namespaces, and has no such file.
 */
export const scoutScript = `${servantPrologue}
mark 'end 0'
while read -r -t ${deadManSeconds} tick words; do
  for word in $words; do
    case $word in
      host)
        for kind in ${namespaceKinds.join(' ')}; do mark "host $kind"; $b readlink /proc/self/ns/$kind; done
        mark device; $b stat -c %i /proc/self/net/dev ;;
      p*)
        pid=\${word#p}
        [ -d /proc/$pid ] || continue
        mark "process $pid"; $b stat -c %i /proc/$pid/net/dev
        mark "cgroup $pid"; $b cat /proc/$pid/cgroup ;;
    esac
  done 2>/dev/null
  mark "end $tick"
done
`;
