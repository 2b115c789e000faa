#!/bin/sh
# Runs a command of fraudstream that stays up and reads the topics, which are there from then on.
set -eu

fraudstream topics create
exec fraudstream "$@"
