#!/bin/sh
# Trains the demo's model on a simulated history and registers it, unless a model exists.
set -eu

model="${FRAUDSTREAM_MODEL__ARTIFACT:?expected the folder of the model in it}"
if [ -f "$model/manifest.json" ]; then # written last
    echo "There is a model in $model"
    exit 0
fi
history="$(mktemp -d)/history.parquet"
fraudstream simulate --out "$history" --customers 3000
fraudstream train --history "$history" --push
rm "$history"
