#!/usr/bin/env bash
# The CI templates v1.1 and v2 run this file; what is to be done is in deploy.sh beside it.
# Generated: change the plan and run `backfill generate`, not this file.
set -euo pipefail
exec "$(dirname -- "${BASH_SOURCE[0]}")/deploy.sh"
