// The two programs of a probe: an awk that reads tables of any container's namespace without a fork, and the shell that starts it with a dead
// man's switch. Both know a closed vocabulary (domain/observation/probe-protocol.ts); nothing that a client wrote ever becomes part of them.
import { interfaceFiles, maxFileLength, maxTableLength } from '../../../domain/observation/probe-protocol.ts';

/** The awk is killed when it did nothing, by the kernel's count of its time slices, over so many looks so many seconds apart. */
const deadMan = { looks: 6, secondsApart: 10 } as const;

/** `$1` is the boundary, `$2` the awk program. The awk takes the shell's place, so that the container ends with it. */
export const probeStarter = `
(
  while /bin/busybox sleep ${deadMan.secondsApart}; do
    read -r now < /proc/$$/schedstat || exit
    if [ "$now" = "$last" ]; then still=$((still + 1)); else still=0; fi
    [ "$still" -lt ${deadMan.looks} ] || kill -9 $$
    last=$now
  done
) < /dev/null > /dev/null 2>&1 &
exec /bin/busybox awk -v boundary="$1" "$2"
`;

/**
 * Reads lines `TICK ALLOWANCE WORD…` and answers sections; nothing about a target whose witnesses did not move. A whole file is one record (RS);
 * no text is put together in a loop over rows, which takes this awk minutes. Witnesses are read once a tick and target, before what they speak for: what
 * happens between the two is seen by the next tick. Of sockstat, what counts the whole machine's sockets is left out. A table whose sockets it counts as
 * none is not read: a walk is what costs, and it costs the same where there is nothing (net/ipv4/proc.c; a request that waits for its handshake is not
 * counted, and has a listener that is; of TIME_WAIT there is one count for both families). snmp6, the longest, is read where a socket is that it alone
 * counts for: TCP of both families is in snmp. A device counts a packet before it is delivered, so files about interfaces are read once more after the
 * last movement. Whose process it is is checked before and after a read, because PIDs are reused; one whose witnesses stand still needs no check, as the
 * CPU time among them is read by the container's id.
 */
export const probeProgram = `
function slurp(path,  text) { text = ""; if ((getline text < path) < 0) text = ""; close(path); return text }
function counts(path,  text) { text = slurp(path); gsub(/ (orphan|alloc|mem) [0-9]+/, "", text); return text }
function say(words) { print mark words "\\n" }
function cpu(  field) { split(slurp("/proc/self/schedstat"), field, " "); return field[1] + 0 }
function isTheirs(key) { return index(slurp("/proc/" pid[key] "/cgroup"), id[key]) > 0 }

function meter(id, pid,  line, n, i, at, rest, controllers, path, other) {
  if (id in meters) return meters[id]
  n = split(slurp("/proc/" pid "/cgroup"), line, "\\n")
  other = ""
  for (i = 1; i <= n; i++) {
    if (index(line[i], id) == 0) continue
    rest = substr(line[i], index(line[i], ":") + 1)
    at = index(rest, ":")
    controllers = substr(rest, 1, at - 1)
    path = substr(rest, at + 1)
    if (index("," controllers ",", ",cpuacct,") > 0)
      return meters[id] = "/sys/fs/cgroup/" controllers path "/cpuacct.usage"
    if (controllers == "") other = "/sys/fs/cgroup" path "/cpu.stat"
  }
  if (other != "") meters[id] = other
  return other
}

function define(text,  part, member, n, i) {
  n = split(text, part, ",")
  forget(part[1])
  pid[part[1]] = part[2]
  id[part[1]] = part[3]
  count[part[1]] = n - 3
  for (i = 4; i <= n; i++) {
    split(part[i], member, ":")
    member_id[part[1], i - 3] = member[1]
    member_pid[part[1], i - 3] = member[2]
  }
}

function forget(key,  i) {
  delete pid[key]; delete id[key]; delete count[key]; delete seen[key]; delete now[key]; delete known[key]
  delete witness[key]; delete shown[key]; delete wired[key]; delete twice[key]
  for (i = 1; i <= files; i++) delete given[key, file[i]]
}

function inode(key, name,  line, n, i) {
  n = split(slurp("/proc/1/mountinfo"), line, "\\n")
  for (i = 1; i <= n; i++)
    if (index(line[i], "/netns/" name " ") > 0 && match(line[i], /net:\\[[0-9]+\\]/)) {
      say(key " inode")
      print substr(line[i], RSTART + 5, RLENGTH - 6) "\\n"
      return
    }
}

function isEmpty(counted, name) { return index(counted, "\\n" name ": inuse 0\\n") > 0 }

function tables(key,  base, counted, waits, text) {
  base = "/proc/" pid[key] "/net/"
  counted = now[key]
  waits = sub(/ tw 0\\n/, "\\n", counted) == 0
  text = ""
  if (waits || !isEmpty(counted, "TCP")) text = table(base, "tcp")
  if (waits || !isEmpty(counted, "TCP6")) text = text table(base, "tcp6")
  if (!isEmpty(counted, "UDP")) text = text table(base, "udp")
  if (!isEmpty(counted, "UDP6")) text = text table(base, "udp6")
  if (!isEmpty(counted, "RAW")) text = text table(base, "raw")
  if (!isEmpty(counted, "RAW6")) text = text table(base, "raw6")
  return text
}

function table(base, name) { return "==> /proc/net/" name " <==\\n" substr(slurp(base name), 1, ${maxTableLength}) "\\n" }

function observe(key,  base, used, path, text, before, n, i) {
  if ((key in seen) && seen[key] == tick) return 1
  if (!(key in pid)) { say(key " gone"); return 0 }
  base = "/proc/" pid[key] "/net/"
  n = count[key]
  known[key] = n > 0
  used = ""
  for (i = 1; i <= n; i++) {
    path = meter(member_id[key, i], member_pid[key, i])
    path = path == "" ? "" : slurp(path)
    if (path == "") known[key] = 0
    used = used path
  }
  text = "\\n" slurp(base "sockstat6")
  if (!isEmpty(text, "UDP6") || !isEmpty(text, "RAW6")) text = slurp(base "snmp6") text
  before = now[key]
  now[key] = used slurp(base "snmp") counts(base "sockstat") text slurp(base "dev")
  if ((!known[key] || now[key] != before) && !isTheirs(key)) { delete now[key]; say(key " gone"); return 0 }
  seen[key] = tick
  return 1
}

function look(how, key,  moved, text, began) {
  if (!observe(key)) return
  moved = !known[key] || !(key in witness) || witness[key] != now[key]
  if (!moved && (how == "g" || how == "u")) return
  if (allowance < 1 && (how == "g" || how == "f")) { say(key " late"); return }
  allowance--
  walks++
  began = cpu()
  text = tables(key)
  spent += cpu() - began
  if (!isTheirs(key)) { say(key " gone"); return }
  witness[key] = now[key]
  if (key in shown && shown[key] == text) { say(key " kept " moved); return }
  shown[key] = text
  say(key " read " moved)
  print text
}

function interfaces(how, key,  base, moved, text, i) {
  if (!observe(key)) return
  moved = !known[key] || !(key in wired) || wired[key] != now[key]
  wired[key] = now[key]
  if (moved) say(key " moved")
  if (how == "m" || (how == "d" && !moved && !(key in twice))) return
  if (moved) twice[key] = 1
  else delete twice[key]
  base = "/proc/" pid[key] "/net/"
  for (i = 1; i <= files; i++) {
    text = substr(slurp(base file[i]), 1, ${maxFileLength})
    if ((key, file[i]) in given && given[key, file[i]] == text) continue
    given[key, file[i]] = text
    say(key " file " file[i])
    print text
  }
  say(key (isTheirs(key) ? " files" : " gone"))
}

BEGIN { ORS = ""; mark = "\\n" boundary " "; files = split("${interfaceFiles.join(' ')}", file, " "); say("end 0"); fflush() }
{
  RS = "\\001"
  tick = $1
  allowance = $2
  walks = 0
  spent = 0
  for (word = 3; word <= NF; word++) {
    kind = substr($word, 1, 1)
    rest = substr($word, 2)
    if (kind == "+") define(rest)
    else if (kind == "-") forget(rest)
    else if (kind == "m" || kind == "d" || kind == "D") interfaces(kind, rest)
    else if (kind == "i") { split(rest, named, ","); inode(named[1], named[2]) }
    else look(kind, rest)
  }
  say("cost")
  print spent " " walks " " cpu()
  say("end " tick)
  fflush()
  RS = "\\n"
}
`;
