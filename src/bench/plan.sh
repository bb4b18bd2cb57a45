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
flags=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Xmx${HEAP:-160m} --enable-native-access=ALL-UNNAMED)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for files in 1000 10000; do
  git init -q -b main "$work/$files"
  "$java" "$here/Generate.java" "$files" | git -C "$work/$files" fast-import --quiet
  git -C "$work/$files" checkout -q head
done

# seconds and KiB of a command, which may end with exit 0 or 1
measure() {
  local out=$1
  shift
  /usr/bin/time -a -o "$out" -f '%e %M' "$@" >"$work/stdout" 2>"$work/stderr" || [ $? -eq 1 ] || {
    cat "$work/stderr" >&2
    exit 3
  }
}

median() { grep -v '^Command' "$1" | cut -d' ' -f"$2" | sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }

for ((i = 0; i < runs; i++)); do
  for files in 1000 10000; do
    measure "$work/plan.$files" "$java" "${flags[@]}" -jar "$jar" plan --format json \
      --repo "$work/$files" --base main --head head
    cp "$work/stdout" "$work/plan.$files.json"
    measure "$work/diff.$files" git -C "$work/$files" diff --stat main head
  done
  measure "$work/version.0" "$java" "${flags[@]}" -jar "$jar" --version
done

printf '%-8s %10s %10s %12s %10s\n' files 'plan s' 'plan MiB' 'git diff s' 'plan/diff'
for files in 1000 10000; do
  awk -v f=$files -v p="$(median "$work/plan.$files" 1)" -v m="$(median "$work/plan.$files" 2)" \
    -v d="$(median "$work/diff.$files" 1)" \
    'BEGIN {printf "%-8d %10.2f %10.0f %12.2f %10s\n", f, p, m / 1024, d, (d + 0 ? sprintf("%.1f", p / d) : "-")}'
done
awk -v a="$(median "$work/plan.1000" 1)" -v b="$(median "$work/plan.10000" 1)" -v s="$(median "$work/version.0" 1)" \
  'BEGIN {printf "10,000 / 1,000: %.1f   start alone (--version): %.2f s\n", b / a, s}'
