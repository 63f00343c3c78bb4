#!/bin/sh
# no_shared_symbols.sh NM OBJECT...: fails where an object defines a weak symbol, of which the linker keeps one copy for all
# instruction sets.
nm=$1
shift
if "$nm" -C "$@" | grep -E ' [WVu] '; then
    echo "the symbols above are shared between instruction sets; make them static" >&2
    exit 1
fi
