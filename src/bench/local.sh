#!/usr/bin/env bash
# Rates of the local workspace beside the raw engine's: see README.md. Arguments are Local.java's properties.
set -euo pipefail
cd "$(dirname "$0")/../.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT
mvn -B -ntp -q -Dquick compile dependency:build-classpath -Dmdep.outputFile="$list"
"${JAVA_HOME:+$JAVA_HOME/bin/}java" --enable-native-access=ALL-UNNAMED "$@" -cp "target/classes:$(<"$list")" src/bench/Local.java
