#!/usr/bin/env bash
# Deploys {{sources}} to {{targets}} (tinybird-backfill, plan {{version}}).
#
# CI and CD run this instead of `tb deploy`; it calls `tb deploy` itself. It is safe to run again,
# also from a later pull request and after a revert, and it moves no data: `backfill run` does.
# Generated: change the plan and run `backfill generate`, not this file.
# Before this plan: {{before}}
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly version='{{version}}'

say() { printf 'backfill: %s\n' "$*"; }
stop() {
  printf 'backfill: STOP: %s\n' "$1" >&2
  shift
  if (($# > 0)); then printf 'backfill: %s\n' "$@" >&2; fi
  exit 1
}

for tool in tb python3 sha256sum; do
  command -v "$tool" >/dev/null || stop "$tool isn't on the PATH" "Install it and run this again."
done

# The files this plan was made for, as `sha256sum` prints them.
sealed() {
  cat <<'SEALED'
{{sealed}}
SEALED
}

# What the plan migrates, and everything that is asked or computed; it says why when it stops. Host and
# token are read from .tinyb in here and go nowhere else. Isolated (-I): no module of the repository is
# imported.
ask() {
  python3 -I - "$@" <<'PYTHON'
{{python}}
PYTHON
}

workdir="$(mktemp -d)"
trap 'rm -rf -- "$workdir"' EXIT

# Where this is, and every cutover that a pipe of this project waits for: the ones that are live keep
# theirs, because `tb deploy` may push their pipes again.
facts="$workdir/facts"
ask start >"$facts"
place='' missing=0
while IFS=$'\t' read -r fact name variable text; do
  case "$fact" in
    place) place="$name" ;;
    live) if [[ "$variable" != - ]]; then export "$variable=$text"; fi ;;
    gone) say "$name isn't part of this revision any more" ;;
    missing) missing=$((missing + 1)) ;;
    foreign)
      stop "$name belongs to another migration and isn't live, so it has no cutover to be deployed with" \
        "Deploy that migration first (set VERSION in .tinyenv to its folder below deploy/), or take its pipes out."
      ;;
    odd) stop "$name is in the workspace, but $text" "Remove it with: tb pipe rm $name --yes, then run this again." ;;
    strange)
      stop "the SQL of $name takes $variable, and nothing tells its value" \
        "Set that variable in this job's environment, or take it out of the pipe."
      ;;
    *) stop "unexpected fact $fact" ;;
  esac
done <"$facts"
case "$place" in
  main) flags_text="${CD_FLAGS:-}" ;;
  branch) flags_text="${CI_FLAGS:-}" ;;
  *) stop "can't tell whether this is a branch or the main workspace" "$place" ;;
esac

# The project's own flags, split at blanks and nothing else. A populate would fill targets twice.
flags=()
IFS=$' \t\n' read -r -d '' -a words <<<"$flags_text" || true
for word in ${words[@]+"${words[@]}"}; do
  case "$word" in
    --populate | --populate=*) say "leaving out $word: a populate would copy rows twice" ;;
    *) flags+=("$word") ;;
  esac
done

export TB_VERSION_WARNING="${TB_VERSION_WARNING:-0}" TB_CLI_TELEMETRY_OPTOUT="${TB_CLI_TELEMETRY_OPTOUT:-1}"

# Runs `tb deploy`; sets already=yes when the workspace has this commit.
already=no
tb_deploy() {
  local status=0
  say "tb deploy" ${flags[@]+"${flags[@]}"}
  tb deploy ${flags[@]+"${flags[@]}"} 2>&1 | tee "$workdir/deploy.log" || status=$?
  if ((status != 0)); then
    if grep -qi 'already deployed' "$workdir/deploy.log"; then
      already=yes
      say "this commit is deployed already"
    else
      ask left >&2 2>/dev/null || true
      stop "tb deploy failed with status $status; its output is above" \
        "What it had pushed stays. Mend the cause and run this job again: it goes on where this one stopped, and names" \
        "what has to be removed before."
    fi
  fi
}

if ((missing == 0)); then
  say "nothing of plan $version is left to start; a plain deployment"
  tb_deploy
  exit 0
fi

if ! sealed | sha256sum --check --quiet --strict - >"$workdir/sums" 2>&1; then
  stop "the files aren't the ones this plan was made for:" "$(cat "$workdir/sums")" \
    "Renew the plan with: backfill generate, and merge what it writes."
fi

ask ready "$place" >"$workdir/bound"
while IFS=$'\t' read -r name variable text _; do
  say "cutover of $name: $text UTC"
  if [[ "$variable" != - ]]; then export "$variable=$text"; fi
done <"$workdir/bound"

tb_deploy

ask check "$workdir/bound" "$place" "$already" >"$workdir/populates"
# Once, by `tb pipe populate`: what is in a target already may have come through the live pipe, so
# beside it nothing is populated, and `backfill run` brings what is missing row by row.
while IFS=$'\t' read -r pipe target rows; do
  say "tb pipe populate $pipe --node sync --wait: $rows rows into $target"
  if ! tb pipe populate "$pipe" --node sync --wait </dev/null; then
    stop "the populate of $target failed; part of it may be there" \
      "A first populate that fails unlinks $pipe. Run this again when its cause is mended: it goes on if $target is still" \
      "empty. Else see with backfill run what is missing."
  fi
done <"$workdir/populates"
if [[ -s "$workdir/populates" ]]; then ask linked; fi
case "$place" in
  main) next="backfill run" ;;
  *) next="backfill rehearse" ;;
esac
say "deployed. Next: $next"
