#!/bin/sh
# Creates the topics, then runs a long-running command of fraudstream that reads them.
set -eu

fraudstream topics create
exec fraudstream "$@"
