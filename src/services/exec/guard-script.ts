// The one program of a guard: it finds the processes of a command by the mark in their environment and kills them. Nothing that a client
// wrote ever becomes part of it or of its input.
import { randomBytes } from 'node:crypto';

/** The environment variable by which the processes of one command are known; its value is the command's mark. */
export const markVariable = 'TERRARIUM_EXEC';

/** The mark of one command of a server: by it the server that started a process is known when it is dead. */
export function makeMark(serverId: string): string {
  return `${serverId}.${randomBytes(16).toString('hex')}`;
}

/** Seconds without a line after which a guard takes its server for dead, whatever the connection says. */
export const guardPatienceSeconds = 60;

/** Seconds that a guard outlives its server where it has commands to kill. */
const afterlifeSeconds = 3;

/**
 * Says `ready`, then reads lines from stdin: `add MARK` puts a command under guard, `drop MARK` lets it go, `kill MARK` kills it and answers
 * `killed MARK`; `end` ends it, and kills every command that is still under guard; anything else only says that the server lives. So do the end of
 * stdin, and silence for {@link guardPatienceSeconds}, but then it looks for them again for {@link afterlifeSeconds}: what a server asked for just
 * before it was killed may not have begun yet.
 *
 * For commands that never came under guard: `look` remembers the marks of all processes, and `sweep ID,ID` kills those of them that are still
 * there and whose server is none of these, and answers `swept`.
 *
 * A command's processes are those with its mark, and what descends from them or shares their session: so a child that cleared its
 * environment is found too. (Who clears it, leaves the session and lets its parent die has left the command for good.) They are stopped
 * until no new one appears, and only then killed: a process that forks as fast as we look does not escape. Process 1 of the
 * container is never one of them. Fields of `/proc/PID/stat` after the name in brackets: state, parent, group, session (proc_pid_stat(5)).
 */
export const guardScript = `
b=/bin/busybox
find_members() {
  found=$($b grep -lzxF "${markVariable}=$1" /proc/[0-9]*/environ 2>/dev/null)
  [ -n "$found" ] || return
  $b awk -v found="$found" 'BEGIN {
    for (i = 1; i < ARGC; i++) {
      if ((getline line < ARGV[i]) <= 0) continue
      close(ARGV[i])
      split(ARGV[i], path, "/")
      sub(/^.*\\) /, "", line)
      split(line, field, " ")
      parent[path[3]] = field[2]
      session[path[3]] = field[4]
    }
    count = split(found, files, "\\n")
    for (i = 1; i <= count; i++) {
      split(files[i], path, "/")
      member[path[3]] = 1
    }
    do {
      grown = 0
      for (pid in member) if (session[pid] > 1) owned[session[pid]] = 1
      for (pid in parent)
        if (!(pid in member) && ((parent[pid] in member) || (session[pid] in owned))) { member[pid] = 1; grown = 1 }
    } while (grown)
    delete member[1]
    for (pid in member) print pid
  }' /proc/[0-9]*/stat
}
kill_command() {
  before= round=0
  while members=$(find_members "$1"); [ "$members" != "$before" ] && [ $round -lt 10 ]; do
    kill -STOP $members
    before=$members round=$((round + 1))
  done
  [ -z "$members" ] || kill -KILL $members
} 2>/dev/null
marks=' '
drop() {
  case $marks in *" $mark "*) marks="\${marks%% $mark *} \${marks#* $mark }" ;; esac
}
list_marks() {
  $b cat /proc/[0-9]*/environ 2>/dev/null | $b tr '\\0' '\\n' |
    $b sed -n 's/^${markVariable}=\\([0-9a-f-]\\{36\\}[.][0-9a-f]\\{32\\}\\)$/\\1/p' | $b sort -u
}
sweep() {
  for mark in $(list_marks); do
    case $seen in *"$mark"*) ;; *) continue ;; esac
    case ",$1," in *",\${mark%%.*},"*) ;; *) kill_command "$mark" ;; esac
  done
}
kill_all() {
  for mark in $marks; do kill_command "$mark"; done
}
echo ready
word=
while read -r -t ${guardPatienceSeconds} word mark; do
  case $word in
    add) drop; marks="$marks$mark " ;;
    drop) drop ;;
    kill) kill_command "$mark"; echo "killed $mark" ;;
    look) seen=$(list_marks) ;;
    sweep) sweep "$mark"; echo swept ;;
    alive) echo alive ;;
    end) break ;;
  esac
done
kill_all
[ "$word" != end ] && [ "$marks" != ' ' ] || exit 0
again=0
while [ $again -lt ${afterlifeSeconds * 2} ]; do
  $b sleep 0.5
  kill_all
  again=$((again + 1))
done
`;
