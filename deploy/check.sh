#!/bin/sh
# Runs each validator of deploy/ that is here, and says which are not. Fails when one of them finds a fault.
set -eu
cd "$(dirname "$0")/.."

TOOLS="$PWD/.venv/deploy/bin"
PATH="$TOOLS:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=""

has() {
    command -v "$1" >/dev/null && return
    echo "NOT RUN: $1 is not here"
    return 1
}

# check NAME COMMAND...: runs the command, and shows its output only when it fails.
check() {
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok: $name"
    else
        cat "$work/log"
        echo "FAILED: $name"
        failed="$failed $name"
    fi
}

# A missing settings file of the user is no fault of deploy/.
export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1
tofu=$(command -v tofu || command -v terraform || true)
if [ -n "$tofu" ]; then
    check "$(basename "$tofu") fmt" "$tofu" fmt -check -recursive deploy/terraform
    for environment in staging production; do
        cp -R deploy "$work/$environment"
        folder="$work/$environment/terraform/environments/$environment"
        if "$tofu" -chdir="$folder" init -backend=false -input=false >"$work/init" 2>&1; then
            check "$(basename "$tofu") validate $environment" "$tofu" -chdir="$folder" validate
        else
            echo "NOT RUN: $(basename "$tofu") validate $environment, since its providers could not be had"
        fi
    done
else
    echo "NOT RUN: neither tofu nor terraform is here"
fi

if has checkov; then
    check checkov checkov --config-file deploy/.checkov.yaml
fi

if has helm; then
    for environment in staging production; do
        values="deploy/helm/fraudstream/values-$environment.yaml"
        all="api.enabled=true,console.enabled=true,kafka.passwordSecret=kafka"
        all="$all,image.digest=sha256:0000000000000000000000000000000000000000000000000000000000000000"
        check "helm lint $environment" helm lint --strict deploy/helm/fraudstream --values "$values"
        helm template fraudstream deploy/helm/fraudstream --kube-version 1.33.0 --values "$values" --set "$all" \
            >"$work/$environment.yaml"
        if has checkov; then
            check "checkov of the chart, $environment" checkov --file "$work/$environment.yaml" \
                --config-file deploy/.checkov-chart.yaml
        fi
        if has kubernetes-validate; then
            # The operator's own kind has no schema here.
            "$TOOLS/python" deploy/standard_kinds.py <"$work/$environment.yaml" >"$work/standard-$environment.yaml"
            check "kubernetes-validate $environment" \
                kubernetes-validate --kubernetes-version 1.33 --strict "$work/standard-$environment.yaml"
        fi
    done
fi

if has actionlint; then
    check actionlint actionlint .github/workflows/*.yml
fi

[ -z "$failed" ] || {
    echo "failed:$failed"
    exit 1
}
