// The programs of a probe: an awk that reads tables of any container's namespace without a fork, the shell that starts it with a dead man's switch, and
// the clock that wakes it between two lines of the server. All know a closed vocabulary (domain/observation/probe-protocol.ts); nothing that a client
// wrote ever becomes part of them.
import { stirWord } from '../../../domain/observation/helper-output.ts';
import {
  interfaceFiles,
  maxFileLength,
  maxTableLength,
  pacedWord,
} from '../../../domain/observation/probe-protocol.ts';

/** The awk is killed when it did nothing, by the kernel's count of its time slices, over so many looks so many seconds apart. */
const deadMan = { looks: 6, secondsApart: 10 } as const;

/**
 * `$1` is the boundary, `$2` the awk program, `$3` its clock. The awk takes the shell's place, so that the container ends with it. The switch waits by
 * reading what never says anything: a process for each wait would cost more than looking into six containers all that time does.
 */
export const probeStarter = `
(
  /bin/busybox sleep 2147483647 | while :; do
    read -r -t ${deadMan.secondsApart} nothing
    read -r now < /proc/$$/schedstat || exit
    if [ "$now" = "$last" ]; then still=$((still + 1)); else still=0; fi
    [ "$still" -lt ${deadMan.looks} ] || kill -9 $$
    last=$now
  done
) < /dev/null > /dev/null 2>&1 &
# Whether it can be woken by what it starts itself: a shell that waits for less than a second, and stdin that may be written to.
alone=0
echo | /bin/sh -c "read -r -t 0.9 line && : > /proc/$$/fd/0" 2> /dev/null && alone=1
exec /bin/busybox awk -v boundary="$1" -v alone="$alone" -v clock="$3" "$2"
`;

/**
 * Reads lines `SECONDS TIMES` from the awk that started it, and wakes it so many times so far apart, until it is told otherwise: it says so on the awk's
 * own stdin, which it opens for each wake-up, so that the awk sees when the server closes it. An awk that ends waits for what it has started, and that
 * would be for what never says anything: so the clock, which hears of it, ends the awk.
 *
 * It waits by reading what never says anything, and never for a line: a `read` that gives up in the middle of one loses what it has read.
 */
export const probeClock = `
{
  /bin/busybox sleep 2147483647 | {
    times=0
    while :; do
      if [ "$times" -eq 0 ] || read -r -t 0 line <&3; then read -r every times <&3 || break; fi
      read -r -t "$every" nothing
      printf '\\002\\n' > /proc/$PPID/fd/0 || break
      times=$((times - 1))
    done
    kill -9 $PPID
  }
} 3<&0 2> /dev/null
`;

/**
 * Reads lines `TICK ALLOWANCE WORD…` and answers sections; nothing about a target whose witnesses did not move. A whole file is one record (RS);
 * no text is put together in a loop over rows, which takes this awk minutes. Witnesses are read once a tick and target, before what they speak for: what
 * happens between the two is seen by the next tick. Of sockstat, what counts the whole machine's sockets is left out. A table whose sockets it counts as
 * none is not read: a walk is what costs, and it costs the same where there is nothing (net/ipv4/proc.c; a request that waits for its handshake is not
 * counted, and has a listener that is; of TIME_WAIT there is one count for both families). snmp6, the longest, is read where a socket is that it alone
 * counts for: TCP of both families is in snmp.
 *
 * Neither is read once a namespace has settled: what they count comes or goes through a device (dev), or somebody inside does it (CPU time), or it ends
 * a socket (sockstat). But a device counts a packet before it is delivered, so it has settled only when all witnesses, those two included, were the
 * same twice. For the same reason files about interfaces are read once more after the last movement.
 *
 * Whose process it is is checked after a read, because PIDs are reused: one that is the container's still was so all along, as far as namespaces go. One
 * whose witnesses stand still needs no check, as the CPU time among them is read by the container's id. Of one in which what is read first
 * moves all the time the longer files are not read: they are again when it stands still.
 *
 * Of targets that have settled it goes on looking by itself when the server asks for that: at CPU time and devices alone, because most of what a look costs
 * is to open a file. What is not as it was ends that with a word, and the server asks. A wake-up by the clock is a record of its own, or the end of one that
 * it has cut in two.
 *
 * Not even that is done while nobody can have acted and nothing can have arrived. Of CPU time, what their cgroups have in common has not moved but for the
 * probe's own part of it (v1 alone counts so finely that the difference is exact, and where something beside containers runs in the same folder it always
 * moves). Of devices, the far ends of all of theirs are on the engine's host, where one file tells of all: which ones they are is not asked, but that
 * there is one for each whose counters mirror it.
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
  delete settled[key]; delete paced[key]; delete nearby[key]; delete streak[key]; delete used_by[key]; delete devices[key]
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

function used(key,  path, text, n, i) {
  n = count[key]
  known[key] = n > 0
  text = ""
  for (i = 1; i <= n; i++) {
    path = meter(member_id[key, i], member_pid[key, i])
    path = path == "" ? "" : slurp(path)
    if (path == "") known[key] = 0
    text = text path
  }
  return text
}

function observe(key,  base, four, six, near, before) {
  if ((key in seen) && seen[key] == tick) return 1
  if (!(key in pid)) { say(key " gone"); return 0 }
  base = "/proc/" pid[key] "/net/"
  used_by[key] = used(key)
  four = counts(base "sockstat")
  six = "\\n" slurp(base "sockstat6")
  devices[key] = slurp(base "dev")
  near = used_by[key] four six devices[key]
  if (!known[key] || !(key in settled) || settled[key] != near) {
    before = now[key]
    now[key] = near
    streak[key] = (key in nearby) && nearby[key] != near ? streak[key] + 1 : 0
    if (streak[key] < 3) {
      now[key] = now[key] slurp(base "snmp")
      if (!isEmpty(six, "UDP6") || !isEmpty(six, "RAW6")) now[key] = now[key] slurp(base "snmp6")
    }
    nearby[key] = near
    if (now[key] == before) settled[key] = near
    else delete settled[key]
  }
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
  if (how == "m" || (how == "d" && !moved && !(key in twice))) {
    if (moved) say(key (isTheirs(key) ? " moved" : " gone"))
    return
  }
  if (moved) say(key " moved")
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

function pace(text,  part, n, i, found) {
  split("", paced)
  pacing = 0
  n = split(text, part, ",")
  for (i = 3; i <= n; i++) {
    if (!(part[i] in settled)) return
    paced[part[i]] = 1
  }
  if (!alone) return
  hasFarEnds = findFarEnds()
  print part[1] / 1000 " " part[2] "\\n" | clock
  fflush(clock)
  found = findParent()
  if (found != parent) { parent = found; others = "" }
  pacing = 1
  say("${pacedWord}")
}

function above(path) { return sub(/\\/[^\\/]+\\/cpuacct\\.usage$/, "/cpuacct.usage", path) ? path : "" }

function findOwnMeter(  line, n, i) {
  n = split(slurp("/proc/self/cgroup"), line, "\\n")
  for (i = 1; i <= n; i++)
    if (sub(/^[0-9]+:/, "", line[i]) && sub(/:/, "", line[i]) && line[i] ~ /^([^\\/]*,)?cpuacct[,\\/]/)
      return "/sys/fs/cgroup/" line[i] "/cpuacct.usage"
  return ""
}

function findParent(  key, i, path) {
  path = above(own)
  for (key in paced)
    for (i = 1; i <= count[key]; i++)
      if (above(meter(member_id[key, i], member_pid[key, i])) != path) return ""
  return path
}

function haveOthersRun(  before) {
  before = others
  others = parent == "" ? "" : slurp(parent) - slurp(own)
  return others == "" || others != before
}

function traffic(line, field) { sub(/^[^:]*:/, "", line); return split(line, field, " ") }

function haveFarEndsMoved(  line, n, i, moved) {
  n = split(slurp("/proc/1/net/dev"), line, "\\n")
  moved = n != fars
  for (i = 1; i <= n || i <= fars; i++) {
    if (i > n || line[i] !~ /^ *veth/) line[i] = ""
    if (line[i] == far[i]) continue
    far[i] = line[i]
    moved = 1
  }
  fars = n
  return moved
}

function findFarEnds(  line, field, ends, key, n, i) {
  for (i = 1; i <= fars; i++) if (traffic(far[i], field) > 9) ends[field[9], field[10], field[1], field[2]]++
  for (key in paced) {
    n = split(devices[key], line, "\\n")
    for (i = 1; i <= n; i++) {
      if (line[i] ~ /^ *lo:/ || traffic(line[i], field) < 10 || field[1] !~ /^[0-9]+$/) continue
      if (field[1] + field[9] == 0 || ends[field[1], field[2], field[9], field[10]]-- < 1) return 0
    }
  }
  return 1
}

function wake(  acted, reached, key) {
  acted = haveOthersRun()
  reached = haveFarEndsMoved() || !hasFarEnds
  if (!acted && !reached) return
  for (key in paced) {
    if ((!acted || used(key) == used_by[key]) && (!reached || slurp("/proc/" pid[key] "/net/dev") == devices[key])) continue
    pacing = 0
    say("${stirWord}")
    fflush()
    return
  }
}

BEGIN { ORS = ""; RS = "\\001"; own = findOwnMeter(); RS = "\\n"; mark = "\\n" boundary " "; files = split("${interfaceFiles.join(' ')}", file, " "); say("end 0"); fflush() }
substr($0, length($0)) == "\\002" {
  cut = cut substr($0, 1, length($0) - 1)
  if (cut != "" || !pacing) next
  RS = "\\001"
  wake()
  RS = "\\n"
  next
}
{
  if (cut != "") { $0 = cut $0; cut = "" }
  RS = "\\001"
  tick = $1
  allowance = $2
  walks = 0
  spent = 0
  if (index($0, " ~")) { haveOthersRun(); haveFarEndsMoved() }
  for (word = 3; word <= NF; word++) {
    kind = substr($word, 1, 1)
    rest = substr($word, 2)
    if (kind == "+") define(rest)
    else if (kind == "-") forget(rest)
    else if (kind == "~") pace(rest)
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
