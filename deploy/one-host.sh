#!/usr/bin/env bash
# A whole cluster on one host: PostgreSQL, engine silos and gateway silos, each a process of its own on ports of its own of 127.0.0.1.
#
#   deploy/one-host.sh start [--silos N] [--gateways N] [options] [-- ARGUMENTS OF EACH SILO]
#   deploy/one-host.sh status                 JSON: role, process id, URL, silo and gateway port of each process
#   deploy/one-host.sh stop [NAME]            all of it, or one process (SIGTERM: it drains first)
#   deploy/one-host.sh start NAME             one that was stopped or killed, on its old ports
#   deploy/one-host.sh kill NAME [SIGNAL]     sends a signal; default KILL
#   deploy/one-host.sh restart [NAME]         one process, or all of them, one at a time, each drained first and ready again before the next
#   deploy/one-host.sh wait [SECONDS]         until every process that runs is ready; default 120
#   deploy/one-host.sh database               PostgreSQL alone; its connection string is in the file connection-string of the state folder
#   deploy/one-host.sh wipe                   stops all of it and deletes its state
#
# Options of start (defaults fit the demo model on a 2-core machine):
#   --silos N              engine silos, default 2
#   --gateways N           gateway silos, default 1; 0: the engine silos answer users themselves (role both)
#   --model [NAME=]PATH    served by every engine silo, may be repeated; default: the demo model
#   --threads N            that compute, in each engine silo, default 1
#   --kv-cache-memory SIZE of each engine silo, default 64MiB
#   --state DIR            where everything is kept, default .xllm-cluster in the working folder; every command takes it
#   --store STORE          postgres (default), or sqlite: one file, nothing to install
#   --peers                engine silos lend each other KV blocks, over a port of their own each
#   --admin-key KEY        key of the administration routes, default: none, so they answer this machine only
#
# Environment: XLLM_SILO_DLL (a published XLLM.Silo.dll; default: the repository's Release build, made if missing), PGBIN (PostgreSQL's programs).
# PostgreSQL runs as the user postgres where this runs as root, since it refuses root.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
state=.xllm-cluster
silos=2
gateways=1
threads=1
kv_memory=64MiB
store=postgres
admin_key=
peers=
models=()
extra=()
words=()

die() { echo "one-host.sh: $*" >&2; exit 1; }
usage() { sed -n '2,/^set -euo/p' "$0" | sed '$d; s/^# \{0,1\}//'; }

[ $# -gt 0 ] || { usage; exit 2; }
command=$1
shift
while [ $# -gt 0 ]; do
    case $1 in
        --silos) silos=$2; shift 2 ;;
        --gateways) gateways=$2; shift 2 ;;
        --model) models+=("$2"); shift 2 ;;
        --threads) threads=$2; shift 2 ;;
        --kv-cache-memory) kv_memory=$2; shift 2 ;;
        --state) state=$2; shift 2 ;;
        --store) store=$2; shift 2 ;;
        --admin-key) admin_key=$2; shift 2 ;;
        --peers) peers=1; shift ;;
        --) shift; extra=("$@"); break ;;
        -*) die "unknown option $1; without arguments this program says what there is" ;;
        *) words+=("$1"); shift ;;
    esac
done

mkdir -p "$state"
state=$(cd "$state" && pwd)
is_root() { [ "$(id -u)" = 0 ]; }

# ---- ports ------------------------------------------------------------------------------------------------------------------------------

taken=" "

# Below the range from which the system gives ports to connections; free now, and not given out before by this run.
free_port() {
    local port tries=0
    while :; do
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
        tries=$((tries + 1))
        [ "$tries" -lt 1000 ] || die "no free port between 15000 and 32000"
        case $taken in *" $port "*) continue ;; esac
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            taken="$taken$port "
            REPLY=$port
            return
        fi
    done
}

# ---- PostgreSQL -------------------------------------------------------------------------------------------------------------------------

pg_bin() {
    if [ -n "${PGBIN:-}" ]; then echo "$PGBIN"; return; fi
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    if [ -z "$newest" ] && command -v initdb >/dev/null; then newest=$(dirname "$(command -v initdb)"); fi
    [ -n "$newest" ] || die "PostgreSQL's initdb is neither in /usr/lib/postgresql nor on the PATH: install postgresql, set PGBIN, or use --store sqlite"
    echo "$newest"
}

as_pg() { if is_root; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }

# The folder of the database: beside the rest, unless the user postgres may not go there.
pg_folder() {
    if [ ! -f "$state/postgres.path" ]; then
        if is_root && ! runuser -u postgres -- test -x "$state"; then
            local elsewhere
            elsewhere=$(mktemp -d /var/tmp/xllm-postgres.XXXXXX)
            echo "$elsewhere" >"$state/postgres.path"
        else
            mkdir -p "$state/postgres"
            echo "$state/postgres" >"$state/postgres.path"
        fi
        if is_root; then chown postgres "$(cat "$state/postgres.path")"; fi
    fi
    cat "$state/postgres.path"
}

pg_running() { [ -f "$state/postgres.path" ] && as_pg "$(pg_bin)/pg_ctl" -D "$(cat "$state/postgres.path")/data" status >/dev/null 2>&1; }

pg_start() {
    local folder bin
    folder=$(pg_folder)
    bin=$(pg_bin)
    if [ ! -f "$state/postgres.password" ]; then
        (umask 077; head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >"$state/postgres.password")
    fi
    if [ ! -f "$folder/data/PG_VERSION" ]; then
        (umask 077; cp "$state/postgres.password" "$folder/password")
        if is_root; then chown postgres "$folder/password"; fi
        as_pg "$bin/initdb" -D "$folder/data" -U xllm -A scram-sha-256 --pwfile="$folder/password" -E UTF8 --locale=C --no-instructions >"$state/initdb.log" 2>&1 \
            || { cat "$state/initdb.log" >&2; die "initdb failed"; }
        rm -f "$folder/password"
    fi
    if ! pg_running; then
        [ -f "$state/postgres.port" ] || { free_port; echo "$REPLY" >"$state/postgres.port"; }
        as_pg "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/server.log" \
            -o "-c listen_addresses=127.0.0.1 -p $(cat "$state/postgres.port") -c unix_socket_directories= -c max_connections=200 -c shared_buffers=64MB" start >/dev/null \
            || { as_pg tail -5 "$folder/server.log" >&2; die "PostgreSQL did not start"; }
    fi
    local port
    port=$(cat "$state/postgres.port")
    export PGPASSWORD
    PGPASSWORD=$(cat "$state/postgres.password")
    if [ "$("$bin/psql" -h 127.0.0.1 -p "$port" -U xllm -d postgres -tAc "select 1 from pg_database where datname = 'xllm'")" != 1 ]; then
        "$bin/createdb" -h 127.0.0.1 -p "$port" -U xllm xllm
    fi
    (umask 077; echo "Host=127.0.0.1;Port=$port;Database=xllm;Username=xllm;Password=$PGPASSWORD;Maximum Pool Size=16" >"$state/connection-string")
}

pg_stop() { if pg_running; then as_pg "$(pg_bin)/pg_ctl" -D "$(cat "$state/postgres.path")/data" -w -m "${1:-fast}" stop >/dev/null; fi; }

# ---- silos ------------------------------------------------------------------------------------------------------------------------------
# A process is a folder under $state/processes: role, port (HTTP), silo-port, gateway-port, arguments (one a line), pid, log.

processes() { ls "$state/processes" 2>/dev/null | sort || true; }
folder_of() { [ -d "$state/processes/$1" ] || die "no process '$1'; there are: $(processes | tr '\n' ' ')"; echo "$state/processes/$1"; }
url_of() { echo "http://127.0.0.1:$(cat "$1/port")"; }

# A process id may be another's by now: ours has its folder among its arguments.
is_running() { [ -f "$1/pid" ] && [ -r "/proc/$(cat "$1/pid")/cmdline" ] && tr '\0' '\n' <"/proc/$(cat "$1/pid")/cmdline" 2>/dev/null | grep -qxF -- "$1/state"; }
is_ready() { curl -fsS -m 5 -o /dev/null "$(url_of "$1")/health/ready" 2>/dev/null; }

program() {
    local dll=${XLLM_SILO_DLL:-$repository/Silo/bin/Release/net10.0/XLLM.Silo.dll}
    [ -f "$dll" ] || dotnet build -c Release "$repository/Silo" -v q --nologo >&2 || die "the build failed"
    [ -f "$dll" ] || die "there is no $dll"
    echo "$dll"
}

create() {  # NAME ROLE
    local folder=$state/processes/$1
    mkdir -p "$folder/state"
    echo "$2" >"$folder/role"
    free_port; echo "$REPLY" >"$folder/port"
    free_port; echo "$REPLY" >"$folder/silo-port"
    free_port; echo "$REPLY" >"$folder/gateway-port"
    {
        if [ "$2" != gateway ]; then
            printf '%s\n' --threads "$threads" --kv-cache-memory "$kv_memory"
            local model
            for model in "${models[@]}"; do printf '%s\n' --model "$model"; done
            if [ -f "$state/peer-secret" ]; then free_port; printf '%s\n' "--Xllm:KvTiers:PeerPort=$REPLY"; fi
        fi
        if [ "$store" = sqlite ]; then printf '%s\n' "--Xllm:Cluster:DatabasePath=$state/xllm.db"; fi
        if [ ${#extra[@]} -gt 0 ]; then printf '%s\n' "${extra[@]}"; fi
    } >"$folder/arguments"
}

launch() {  # NAME
    local folder arguments=()
    folder=$(folder_of "$1")
    is_running "$folder" && return
    mapfile -t arguments <"$folder/arguments"
    if [ -f "$state/admin-key" ]; then export Xllm__Gateway__AdminKey; Xllm__Gateway__AdminKey=$(cat "$state/admin-key"); fi
    if [ -f "$state/peer-secret" ]; then export Xllm__KvTiers__PeerSecret; Xllm__KvTiers__PeerSecret=$(cat "$state/peer-secret"); fi
    if [ -f "$state/connection-string" ]; then export Xllm__Cluster__ConnectionStringFile=$state/connection-string; fi
    (
        cd "$folder"
        exec setsid dotnet "$silo_dll" --cluster "$(cat "$state/store")" --role "$(cat role)" --Xllm:Cluster:Name="$1" --state "$folder/state" \
            --urls "$(url_of "$folder")" --silo-port "$(cat silo-port)" --gateway-port "$(cat gateway-port)" "${arguments[@]}" >>log 2>&1 </dev/null
    ) &
    local pid=$!
    echo "$pid" >"$folder/pid"
    disown
    # Until it is the program: before that it is a copy of this shell, which is_running does not know.
    until is_running "$folder" || ! kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

wait_ready() {  # SECONDS [NAME]...
    local until=$((SECONDS + $1)) name folder
    shift
    for name in "$@"; do
        folder=$(folder_of "$name")
        until is_ready "$folder"; do
            is_running "$folder" || { tail -60 "$folder/log" >&2; die "$name ended before it was ready; its log: $folder/log"; }
            [ "$SECONDS" -lt "$until" ] || { tail -20 "$folder/log" >&2; die "$name is not ready; its log: $folder/log"; }
            sleep 0.2
        done
    done
}

end() {  # NAME: SIGTERM, and KILL after a minute
    local folder
    folder=$(folder_of "$1")
    is_running "$folder" || return 0
    local pid tries=0
    pid=$(cat "$folder/pid")
    kill -TERM "$pid"
    kill -CONT "$pid"
    while is_running "$folder"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ]; then echo "$1 did not stop within 60 s: killed" >&2; kill -KILL "$pid" || true; sleep 0.5; break; fi
        sleep 0.2
    done
}

drain() {  # NAME: through the administration of any process; a silo that is not ready has nothing to drain
    local folder key=()
    folder=$(folder_of "$1")
    is_ready "$folder" || return 0
    if [ -f "$state/admin-key" ]; then key=(-H "Authorization: Bearer $(cat "$state/admin-key")"); fi
    curl -fsS -m 120 -o /dev/null -X POST "${key[@]}" "$(url_of "$folder")/v1/admin/silos/$1/drain" || die "$1 could not be drained"
}

status() {
    local first=1 name folder running ready
    printf '{"state":"%s","store":"%s","processes":[' "$state" "$(cat "$state/store" 2>/dev/null || echo none)"
    for name in $(processes); do
        folder=$state/processes/$name
        running=false; ready=false
        if is_running "$folder"; then running=true; if is_ready "$folder"; then ready=true; fi; fi
        [ "$first" = 1 ] || printf ','
        first=0
        printf '\n {"name":"%s","role":"%s","pid":%s,"running":%s,"ready":%s,"url":"%s","siloPort":%s,"gatewayPort":%s,"log":"%s"}' \
            "$name" "$(cat "$folder/role")" "$(cat "$folder/pid" 2>/dev/null || echo null)" "$running" "$ready" \
            "$(url_of "$folder")" "$(cat "$folder/silo-port")" "$(cat "$folder/gateway-port")" "$folder/log"
    done
    if pg_running; then
        [ "$first" = 1 ] || printf ','
        printf '\n {"name":"postgres","role":"database","pid":%s,"running":true,"ready":true,"url":"postgresql://xllm@127.0.0.1:%s/xllm"}' \
            "$(head -1 "$(cat "$state/postgres.path")/data/postmaster.pid")" "$(cat "$state/postgres.port")"
    fi
    printf ']}\n'
}

stop_all() {
    local name pids=()
    for name in $(processes); do (end "$name") & pids+=($!); done
    if [ ${#pids[@]} -gt 0 ]; then wait "${pids[@]}"; fi
    pg_stop
}

case $command in
    start)
        if [ ${#words[@]} -gt 0 ]; then
            silo_dll=$(program)
            for name in "${words[@]}"; do launch "$name"; done
            wait_ready 120 "${words[@]}"
            exit
        fi
        for name in $(processes); do if is_running "$state/processes/$name"; then die "$state is in use: stop it first"; fi; done
        silo_dll=$(program)
        [ "$silos" -ge 1 ] || die "at least one silo must have engines"
        rm -rf "$state/processes"
        echo "$store" >"$state/store"
        rm -f "$state/admin-key" "$state/peer-secret" "$state/connection-string"
        if [ -n "$admin_key" ]; then (umask 077; echo "$admin_key" >"$state/admin-key"); fi
        if [ -n "$peers" ]; then (umask 077; head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >"$state/peer-secret"); fi
        case $store in
            postgres) pg_start ;;
            sqlite) ;;
            *) die "--store is $store: it must be postgres or sqlite" ;;
        esac
        names=()
        for ((i = 1; i <= silos; i++)); do
            if [ "$gateways" = 0 ]; then create "silo-$i" both; else create "silo-$i" engine; fi
            names+=("silo-$i")
        done
        for ((i = 1; i <= gateways; i++)); do create "gateway-$i" gateway; names+=("gateway-$i"); done
        for name in "${names[@]}"; do launch "$name"; done
        wait_ready 180 "${names[@]}"
        for name in "${names[@]}"; do printf '%-12s %-8s %s\n' "$name" "$(cat "$state/processes/$name/role")" "$(url_of "$state/processes/$name")"; done
        ;;
    database) case ${words[0]:-start} in start) pg_start ;; stop) pg_stop immediate ;; *) die "database ${words[0]}: it must be start or stop" ;; esac ;;
    status) status ;;
    stop) if [ ${#words[@]} -gt 0 ]; then for name in "${words[@]}"; do end "$name"; done; else stop_all; fi ;;
    kill)
        [ ${#words[@]} -ge 1 ] || die "kill which? there are: $(processes | tr '\n' ' ')"
        folder=$(folder_of "${words[0]}")
        is_running "$folder" || die "${words[0]} does not run"
        kill "-${words[1]:-KILL}" "$(cat "$folder/pid")"
        # A killed process takes its time to give its memory back, and counts as running until then.
        while [ "${words[1]:-KILL}" = KILL ] && is_running "$folder"; do sleep 0.02; done
        ;;
    restart)
        silo_dll=$(program)
        if [ ${#words[@]} -eq 0 ]; then mapfile -t words < <(processes); fi
        for name in "${words[@]}"; do
            drain "$name"
            end "$name"
            launch "$name"
            wait_ready 120 "$name"
        done
        ;;
    wait)
        running=()
        for name in $(processes); do if is_running "$state/processes/$name"; then running+=("$name"); fi; done
        wait_ready "${words[0]:-120}" "${running[@]}"
        ;;
    wipe)
        stop_all
        if [ -f "$state/postgres.path" ]; then rm -rf "$(cat "$state/postgres.path")"; fi
        rm -rf "$state"
        ;;
    help | --help | -h) usage ;;
    *) usage >&2; exit 2 ;;
esac
