#!/bin/sh
# Builds the native library without CMake: build.sh OUTPUT-FILE SCRATCH-FOLDER [all | best | ISA...]
# The flags say what CMakeLists.txt says; with CMake present, that one is used.
set -eu

output=$1
objects=$2
shift 2
wanted=${*:-all}
root=$(cd "$(dirname "$0")" && pwd)
compiler=${CXX:-}
for candidate in c++ g++ clang++; do
    [ -n "$compiler" ] || compiler=$(command -v "$candidate" || true)
done
[ -n "$compiler" ] || { echo "build.sh: no C++ compiler (c++, g++, clang++)" >&2; exit 1; }

has() { echo "$macros" | grep -q "define __$1__"; }

best() {
    macros=$("$compiler" -march=native -dM -E -x c++ /dev/null 2>/dev/null || true)
    if has AVX512F && has AVX512BW && has AVX512VL && has AVX512DQ; then
        echo avx512
    elif has AVX2 && has FMA && has F16C; then
        echo avx2
    else
        echo portable
    fi
}

case $("$compiler" -dumpmachine):$wanted in
x86_64*:all | amd64*:all) isas="portable avx2 avx512" ;;
x86_64*:best | amd64*:best) isas=$(best) ;;
*:all | *:best) isas=portable ;;
*) isas=$wanted ;;
esac

isa_flags() {
    case $1 in
    avx2) echo "-mavx2 -mfma -mf16c" ;;
    avx512) echo "-mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c -mprefer-vector-width=512" ;;
    esac
}

definitions=
for isa in $isas; do
    definitions="$definitions -DXLLM_WITH_$(echo "$isa" | tr a-z A-Z)"
done

rm -rf "$objects"
mkdir -p "$objects" "$(dirname "$output")"
cd "$root"

# A line per object: its file, then what to compile. The longest first.
{
    for source in cpu/linear.cpp cpu/units/*.cpp; do
        for isa in $isas; do
            echo "$(echo "$source" | tr / _).$isa.o $(isa_flags "$isa") -DXLLM_ISA=$isa -c $source"
        done
    done
    echo "library.cpp.o $definitions -O1 -c library.cpp"
} | COMPILER="$compiler" ROOT="$root" OBJECTS="$objects" xargs -P "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" -I LINE sh -c '
    set -- LINE
    object=$1
    shift
    "$COMPILER" -std=c++20 -O3 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -ffp-contract=off -fno-math-errno -pthread \
        -I"$ROOT" -I"$ROOT/include" "$@" -o "$OBJECTS/$object" || exit 255'

# Under another name first: a build that is cut off leaves no half library behind.
"$compiler" -shared -pthread "$objects"/*.o -o "$objects/library"
mv "$objects/library" "$output"
