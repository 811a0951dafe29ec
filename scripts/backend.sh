#!/bin/sh
# Builds llama.cpp's module for GPUs, and nothing else, and puts it beside the modules for the CPU: backend.sh cuda|vulkan
#
# The sources are those that xlt was built from. XLT names the program (default: target/release/xlt), XLT_GPU_BUILD the folder to
# build in (default: target/gpu). For CUDA without a toolkit the compiler comes from the Python package index, by pip;
# CUDA_ARCHITECTURES says for which GPUs (default: those that are here, else 90). docs/gpu.md tells the rest.
set -eu

say() { printf 'backend: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

[ $# = 1 ] || fail "usage: backend.sh cuda|vulkan"
kind=$1
case $kind in cuda | vulkan) ;; *) fail "there is no recipe for \`$kind\`; cuda and vulkan are known" ;; esac
xlt=${XLT:-target/release/xlt}
work=${XLT_GPU_BUILD:-target/gpu}
[ -x "$xlt" ] || fail "there is no $xlt; build it first (\`make build\`), or name it in XLT"
has cmake || fail "cmake is missing; install it"

# Where the modules are is told by xlt, where the sources are by CMake's notes beside them.
folder=$("$xlt" doctor --json | sed -n 's/.*"backends":{"folder":"\([^"]*\)".*/\1/p')
[ -d "$folder" ] || fail "$xlt has no folder of backends; was it built without llama.cpp?"
sources=${XLT_LLAMA_SOURCES:-$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/../build/CMakeCache.txt" 2>/dev/null || true)}
[ -f "$sources/ggml/CMakeLists.txt" ] || fail "the sources of llama.cpp are not known; run this where xlt was built, or name them in XLT_LLAMA_SOURCES"
mkdir -p "$work"
work=$(cd "$work" && pwd)

# pip brings the compiler, its libraries and headers in pieces of one folder, which CMake takes for a toolkit once the libraries have
# the names that are linked.
pip_toolkit() {
    toolkit=$work/toolkit/nvidia/cu13
    [ -x "$toolkit/bin/nvcc" ] || {
        say "no nvcc here: pip fetches that of CUDA 13.0"
        python3 -m pip install --quiet --target "$work/toolkit" --no-deps nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 \
            nvidia-nvvm==13.0.88 nvidia-cuda-cccl==13.0.85 nvidia-cuda-runtime==13.0.96 'nvidia-cublas<13.2' >&2
    }
    [ -e "$toolkit/lib64" ] || ln -s lib "$toolkit/lib64"
    for library in cudart cublas cublasLt; do
        [ -e "$toolkit/lib/lib$library.so" ] || (cd "$toolkit/lib" && ln -s "lib$library.so".[0-9]* "lib$library.so")
    done
    echo "$toolkit"
}

options="-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DGGML_BACKEND_DL=ON -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_APP=OFF"
case $kind in
cuda)
    if [ -n "${CUDA_PATH:-}" ]; then toolkit=$CUDA_PATH
    elif has nvcc; then toolkit=$(dirname "$(dirname "$(command -v nvcc)")")
    else toolkit=$(pip_toolkit); fi
    [ -x "$toolkit/bin/nvcc" ] || fail "there is no nvcc in $toolkit/bin"
    if [ -z "${CUDA_ARCHITECTURES:-}" ]; then
        if has nvidia-smi; then CUDA_ARCHITECTURES=native; else CUDA_ARCHITECTURES=90; fi
    fi
    export CUDA_PATH="$toolkit"
    # Without virtual memory management the module needs no libcuda to be linked.
    options="$options -DGGML_CUDA=ON -DGGML_CUDA_NO_VMM=ON -DGGML_CUDA_NCCL=OFF -DCMAKE_CUDA_ARCHITECTURES=$CUDA_ARCHITECTURES
        -DCMAKE_CUDA_COMPILER=$toolkit/bin/nvcc -DCUDAToolkit_ROOT=$toolkit"
    ;;
vulkan)
    has glslc || fail "glslc, which compiles shaders, is missing; with it are needed the headers of Vulkan and of SPIR-V (Debian: glslc libvulkan-dev spirv-headers)"
    options="$options -DGGML_VULKAN=ON"
    ;;
esac

say "builds in $work/$kind, from $sources"
# shellcheck disable=SC2086 # a list of words
cmake -S "$sources" -B "$work/$kind" $options >"$work/$kind.log" 2>&1 || { tail -n 20 "$work/$kind.log" >&2; fail "CMake does not find what it needs; its log is $work/$kind.log"; }
cmake --build "$work/$kind" --target "ggml-$kind" --parallel "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" >>"$work/$kind.log" 2>&1 ||
    { tail -n 20 "$work/$kind.log" >&2; fail "it does not compile; the log is $work/$kind.log"; }
module=$(find "$work/$kind" -name "libggml-$kind.*" -type f | grep -E '\.(so|dylib)$' | head -n 1)
[ -n "$module" ] || fail "there is no libggml-$kind in $work/$kind"
# Made beside its place and then renamed: who has the old one open keeps it.
cp "$module" "$folder/.libggml-$kind.new"
mv "$folder/.libggml-$kind.new" "$folder/$(basename "$module")"
say "put $(basename "$module") into $folder; \`$xlt doctor\` says what it sees"
