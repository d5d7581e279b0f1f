#!/usr/bin/env bash
# Installs Spark, and numpy, which MLlib needs. Prints the folder of the commands.
set -euo pipefail
cd "$(dirname "$0")/../.."

spark=$(scripts/tools.sh --spark)
"$spark/python" -c 'import numpy' 2>/dev/null ||
  "$spark/pip" install --quiet --disable-pip-version-check numpy==1.26.4 >&2
echo "$spark"
