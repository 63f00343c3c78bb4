#!/bin/sh
# One native build at a time, and beside the C# one where that is wanted. FOLDER keeps its state, COMMAND is the build.
#   beside.sh start FOLDER COMMAND     starts it, unless one runs, and does not wait
#   beside.sh wait FOLDER              waits for the one that runs, if one does; fails with its words if it failed
#   beside.sh unless FOLDER COMMAND    builds and waits, unless one runs already: who started that one waits for it
#   beside.sh build FOLDER COMMAND     builds and waits; one that runs is waited for first
set -eu
state=$2/beside

runs() { [ -f "$state/pid" ] && [ ! -f "$state/status" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null; }

# The folder is the lock. One without a process was left by a build that was killed.
start() {
    mkdir -p "$(dirname "$state")"
    until mkdir "$state" 2>/dev/null; do
        if runs; then return; fi
        sleep 1
        if ! runs; then rm -rf "$state"; fi
    done
    # Nice: the C# compiler goes first, since what it makes is waited for by more.
    STATE=$state COMMAND=$1 nohup nice sh -c 'sh -c "$COMMAND"; echo $? >"$STATE/status.new"; mv "$STATE/status.new" "$STATE/status"' >"$state/log" 2>&1 </dev/null &
    echo $! >"$state/pid.new"
    mv "$state/pid.new" "$state/pid"
}

await() {
    while runs; do sleep 0.1; done
    [ -d "$state" ] || return 0
    failure=$(cat "$state/status" 2>/dev/null || echo 1)
    if [ "$failure" != 0 ]; then cat "$state/log" >&2; fi
    rm -rf "$state"
    return "$failure"
}

case $1 in
start) start "$3" ;;
wait) await ;;
unless) if ! runs; then start "$3"; await; fi ;;
build)
    if runs; then await || true; fi
    start "$3"
    await
    ;;
esac
