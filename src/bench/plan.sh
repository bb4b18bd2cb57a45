#!/usr/bin/env bash
# Measures `plan --format json` as a whole cold process beside `git diff --stat` on the same
# revisions, in generated projects of 1,000 and 10,000 datafiles. Medians of RUNS (5), the
# commands in turn. Say what java to use with JAVA_HOME, the jar as the first argument.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
jar=${1:-$here/../../target/tinybird-backfill.jar}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
runs=${RUNS:-5}
# as the launcher and the image start it
flags=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto "-Xmx${HEAP:-256m}" -Xmn32m --enable-native-access=ALL-UNNAMED)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for files in 1000 10000; do
  git init -q -b main "$work/$files"
  "$java" "$here/Generate.java" "$files" | git -C "$work/$files" fast-import --quiet
  git -C "$work/$files" checkout -q head
done

# milliseconds, KiB and milliseconds of processor of a command, which may end with exit 0 or 1
measure() {
  local out=$1 start=$EPOCHREALTIME
  shift
  /usr/bin/time -q -o "$work/rss" -f '%M %U %S' "$@" >"$work/stdout" 2>"$work/stderr" || [ $? -eq 1 ] || {
    cat "$work/stderr" >&2
    exit 3
  }
  echo "$(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) $(awk '{print $1, ($2 + $3) * 1000}' "$work/rss")" >>"$out"
}

median() { cut -d' ' -f"$2" "$1" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

for ((i = 0; i < runs; i++)); do
  for files in 1000 10000; do
    measure "$work/plan.$files" "$java" "${flags[@]}" -jar "$jar" plan --format json \
      --repo "$work/$files" --base main --head head
    # exit 1 is also what a JVM that can't start ends with
    grep -q '"verdict"' "$work/stdout" || {
      cat "$work/stderr" >&2
      echo "no plan came out; is JAVA_HOME a JDK 25?" >&2
      exit 3
    }
    measure "$work/diff.$files" git -C "$work/$files" diff --stat main head
  done
  measure "$work/version.0" "$java" "${flags[@]}" -jar "$jar" --version
done

printf '%-8s %10s %10s %10s %12s %10s\n' files 'plan ms' 'cpu ms' 'plan MiB' 'git diff ms' 'plan/diff'
for files in 1000 10000; do
  p=$(median "$work/plan.$files" 1) m=$(median "$work/plan.$files" 2) d=$(median "$work/diff.$files" 1)
  c=$(median "$work/plan.$files" 3)
  printf '%-8d %10d %10d %10d %12d %10d\n' "$files" "$p" "$c" $((m / 1024)) "$d" $((p / (d ? d : 1)))
done
awk -v a="$(median "$work/plan.1000" 1)" -v b="$(median "$work/plan.10000" 1)" -v s="$(median "$work/version.0" 1)" \
  'BEGIN {printf "10,000 / 1,000: %.1f   start alone (--version): %d ms\n", b / a, s}'
uptime | sed 's/.*load/load/'
