// The program of a rules helper: a shell script with a closed vocabulary. Nothing that a client wrote ever becomes part of it.
import { helperLimits } from '../../domain/observation/helper-output.ts';
import { deadManSeconds, servantPrologue } from '../servant-script.ts';

/** Where the host's own programs are seen. */
export const hostFolder = '/host';

/**
 * As a helper's (observation/helper-script.ts), with other words: `rules`, `links`, `interfaces`, `sockets`. The host's iptables-save is run by the
 * host's own loader with the host's own libraries, which need not be the image's. Links are followed by the script, because they are meant for a root
 * that is not ours.
 */
export const rulesScript = `${servantPrologue}
h=${hostFolder}

follow() {
  path=$1
  for turn in 1 2 3 4 5 6 7 8 9; do
    if [ ! -e "$h$path" ] && [ ! -L "$h$path" ]; then path=/usr$path; fi
    [ -L "$h$path" ] || break
    aim=$($b readlink "$h$path")
    case $aim in
      /*) path=$aim ;;
      *) path=\${path%/*}/$aim ;;
    esac
  done
  [ -f "$h$path" ] && printf %s "$path"
}

find_program() {
  for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
    if [ -e "$h$folder/$1" ] || [ -L "$h$folder/$1" ]; then follow "$folder/$1"; return; fi
  done
}

prepare() {
  save4=$(find_program iptables-save)
  save6=$(find_program ip6tables-save)
  wanted=$($b head -c 4096 "$h$save4" | $b tr '\\0' '\\n' | $b grep -m 1 '^/.*/ld')
  loader=$(follow "$wanted")
  libraries=
  for folder in $h/lib64 $h/usr/lib64 $h/lib $h/usr/lib $h/lib/*-linux-* $h/usr/lib/*-linux-*; do
    [ -d "$folder" ] || continue
    libraries=$libraries\${libraries:+:}$folder
    if [ -d "$folder/xtables" ]; then export XTABLES_LIBDIR="$folder/xtables"; fi
  done
}

save() {
  mark "$1"
  program=$2
  case $program in
    '') mark "$1 error"; printf 'The host has no %s' "$3"; return ;;
    *multi) set -- "$1" "$3" -c ;;
    *) set -- "$1" -c ;;
  esac
  name=$1
  shift
  if [ -n "$loader" ]; then set -- "$h$loader" --library-path "$libraries" "$h$program" "$@"; else set -- "$h$program" "$@"; fi
  { said=$("$@" 2>&1 >&3); code=$?; } 3>&1
  if [ "$code" -ne 0 ]; then mark "$name error"; elif [ -n "$said" ]; then mark "$name warning"; fi
  printf %s "$said" | $b head -c 500
}

prepare 2>/dev/null
mark 'end 0'
while read -r -t ${deadManSeconds} tick words; do
  for word in $words; do
    case $word in
      program) mark program; printf %s "$save4" ;;
      rules)
        save rules4 "$save4" iptables-save
        save rules6 "$save6" ip6tables-save ;;
      links)
        mark links
        for link in /sys/class/net/*; do
          read -r index < "$link/ifindex" && read -r peer < "$link/iflink" && read -r flags < "$link/flags" &&
            printf '%s %s %s %s\\n' "\${link##*/}" "$index" "$peer" "$flags"
        done 2>/dev/null
        mark ports; printf '%s\\n' /sys/class/net/*/brif/*
        mark settings
        cd /proc/sys/net
        for file in ipv4/ip_forward ipv6/conf/all/forwarding bridge/bridge-nf-call-iptables bridge/bridge-nf-call-ip6tables ipv4/conf/*/route_localnet; do
          # The kernel gives the first byte alone to who reads byte by byte, and then says that it was the last.
          value=
          read -r value < "$file"
          [ -z "$value" ] || printf '%s %s\\n' "$file" "$value"
        done 2>/dev/null ;;
      sockets)
        mark sockets
        $b head -n ${helperLimits.socketRows + 2} /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null ;;
      interfaces)
        mark devices; $b head -n ${helperLimits.listLines + 3} /proc/net/dev
        mark ifconfig; $b ifconfig -a | $b head -n ${helperLimits.ifconfigLines + 1}
        mark addresses; $b ip -o -4 addr | $b head -n ${helperLimits.listLines + 1}
        mark routes; $b head -n ${helperLimits.listLines + 1} /proc/net/route
        mark routes6; $b head -n ${helperLimits.listLines + 1} /proc/net/ipv6_route 2>/dev/null
        mark neighbours
        mark resolver; $b head -c ${helperLimits.resolverBytes} /etc/resolv.conf ;;
    esac
  done
  mark "end $tick"
done
`;
