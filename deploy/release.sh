#!/bin/sh
# Releases an image to an environment: chart, API, console; the previous versions come back when something is unhealthy.
# Needs aws, helm, jq, curl and a kubeconfig of the cluster. NAME is the name of the platform: fraudstream-staging.
#   deploy/release.sh NAME ENVIRONMENT REPOSITORY DIGEST API_URL
set -eu

name=$1
environment=$2
repository=$3
digest=$4
url=$5
image="$repository@$digest"
chart="$(dirname "$0")/helm/fraudstream"
before=""

task_of() {
    aws ecs describe-services --cluster "$name" --services "$1" --query "services[0].taskDefinition" --output text
}

# shift_to SERVICE TASK: ECS deploys it blue-green, and rolls back by itself on failing health checks and alarms.
shift_to() {
    aws ecs update-service --cluster "$name" --service "$1" --task-definition "$2" >/dev/null
    aws ecs wait services-stable --cluster "$name" --services "$1" ||
        aws ecs wait services-stable --cluster "$name" --services "$1" # one wait is ten minutes, the bake time alone
    [ "$(task_of "$1")" = "$2" ] || {
        echo "expected $1 to run $2, got $(task_of "$1"): ECS rolled it back"
        return 1
    }
}

back() {
    echo "rolling back"
    for pair in $before; do
        shift_to "${pair%%=*}" "${pair#*=}" || echo "FAILED: ${pair%%=*} runs another version than before"
    done
    if [ -n "$revision" ]; then
        helm rollback fraudstream "$revision" --namespace fraudstream --wait --timeout 10m
    else
        echo "there is no earlier release of the chart"
    fi
    exit 1
}

revision=$(helm history fraudstream --namespace fraudstream --max 1 --output json 2>/dev/null | jq -r '.[-1].revision // empty' || true)

# The operator takes a savepoint and starts the new job from it; --atomic undoes an upgrade that does not get ready.
helm upgrade fraudstream "$chart" --namespace fraudstream --install --atomic --timeout 15m --reset-then-reuse-values \
    --values "$chart/values-$environment.yaml" --set "image.repository=$repository" --set "image.digest=$digest"

for service in "$name-api" "$name-console"; do
    now=$(task_of "$service")
    before="$service=$now $before"
    # The family's newest revision: Terraform's, if the settings changed since the last release.
    definition=$(aws ecs describe-task-definition --task-definition "$service" --query taskDefinition --output json |
        jq --arg image "$image" '.containerDefinitions[0].image = $image
            | {family, taskRoleArn, executionRoleArn, networkMode, containerDefinitions, volumes,
               requiresCompatibilities, cpu, memory}')
    next=$(aws ecs register-task-definition --cli-input-json "$definition" --query taskDefinition.taskDefinitionArn --output text)
    shift_to "$service" "$next" || back
done

# The whole path: broker, job and this API's reader of the scores.
for attempt in 1 2 3 4 5 6; do
    if curl --fail --silent --show-error --max-time 10 "$url/readyz" >/dev/null; then
        echo "released $image to $name"
        exit 0
    fi
    [ "$attempt" = 6 ] || sleep "${WAIT_S:-10}"
done
echo "expected $url/readyz to answer 200, got none"
back
