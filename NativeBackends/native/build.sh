#!/bin/sh
# Builds the native library without CMake: build.sh OUTPUT-FILE SCRATCH-FOLDER
# The flags say what CMakeLists.txt says; with CMake present, that one is used.
set -eu

output=$1
objects=$2
root=$(cd "$(dirname "$0")" && pwd)
compiler=${CXX:-}
for candidate in c++ g++ clang++; do
    [ -n "$compiler" ] || compiler=$(command -v "$candidate" || true)
done
[ -n "$compiler" ] || { echo "build.sh: no C++ compiler (c++, g++, clang++)" >&2; exit 1; }

flags="-std=c++20 -O3 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -ffp-contract=off -fno-math-errno -I$root -I$root/include -pthread"
isas=portable
machine=$("$compiler" -dumpmachine)
case $machine in
x86_64* | amd64*) isas="portable avx2 avx512" ;;
esac

isa_flags() {
    case $1 in
    avx2) echo "-mavx2 -mfma -mf16c" ;;
    avx512) echo "-mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c -mprefer-vector-width=512" ;;
    esac
}

definitions=
for isa in $isas; do
    [ "$isa" = portable ] || definitions="$definitions -DXLLM_WITH_$(echo "$isa" | tr a-z A-Z)"
done

rm -rf "$objects"
mkdir -p "$objects" "$(dirname "$output")"
cd "$root"
for source in abi/*.cpp common/*.cpp cpu/backend.cpp cpu/instruction_set.cpp cpu/memory.cpp; do
    "$compiler" $flags $definitions -c "$source" -o "$objects/$(echo "$source" | tr / _).o"
done

for source in cpu/*.cpp; do
    case $source in
    cpu/backend.cpp | cpu/instruction_set.cpp | cpu/memory.cpp) continue ;;
    esac
    for isa in $isas; do
        "$compiler" $flags $(isa_flags "$isa") -DXLLM_ISA="$isa" -c "$source" -o "$objects/$(echo "$source" | tr / _).$isa.o"
    done
done

# Under another name first: a build that is cut off leaves no half library behind.
"$compiler" -shared -pthread "$objects"/*.o -o "$objects/library"
mv "$objects/library" "$output"
