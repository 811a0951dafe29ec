#!/bin/sh
# Sees to it that everything is there which compiles llama.cpp and fetches the demo's model.
# Silent where nothing is missing. Otherwise installs it, where that needs no password, or names the command to run.
set -eu

say() { printf 'setup: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
exists() { for file; do [ ! -e "$file" ] || return 0; done; return 1; }

# bindgen loads libclang. These are the places where it looks (clang-sys, build/common.rs), likely ones first.
libclang_in() { exists "$1"/libclang.so* "$1"/libclang-[0-9]*.so* "$1"/libclang.dylib; }
has_libclang() {
    if [ -n "${LIBCLANG_PATH:-}" ]; then
        [ -f "$LIBCLANG_PATH" ] || libclang_in "$LIBCLANG_PATH"
        return
    fi
    prefix=$("${LLVM_CONFIG_PATH:-llvm-config}" --prefix 2>/dev/null) || prefix=/usr
    for dir in "$prefix"/lib "$prefix"/lib64 /usr/lib/llvm*/lib /usr/lib/*-linux-* /usr/lib64/llvm*/lib* \
        /usr/local/llvm*/lib* /usr/local/lib* /usr/lib* /usr/lib*/*/* /usr/local/lib*/* /usr/local/lib*/*/* \
        /Library/Developer/CommandLineTools/usr/lib /usr/local/opt/llvm*/lib \
        /Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib; do
        ! libclang_in "$dir" || { has_headers "$dir" && return; }
    done
    IFS=:
    for dir in ${LD_LIBRARY_PATH:-} ${LIBRARY_PATH:-}; do
        ! libclang_in "$dir" || { has_headers "$dir" && return; }
    done
    return 1
}
# The library alone does not do: clang brings the standard headers of its own (Debian has them in another package).
has_headers() {
    exists "$1"/clang/*/include/stddef.h /usr/lib*/clang/*/include/stddef.h /usr/lib*/llvm*/lib*/clang/*/include/stddef.h
}

# A call of pip takes a while, a look for its command does not.
has_pip() { has python3 && { has pip3 || has pip || python3 -m pip --version >/dev/null 2>&1; }; }

missing() {
    has cmake || echo cmake
    has make || echo make
    has g++ || has clang++ || has c++ || echo compiler
    (has_libclang) || echo libclang
    has_pip || echo pip
}

# What a package manager calls it: package MANAGER NEED
package() {
    while read -r need apt dnf pacman apk zypper brew; do
        [ "$need" = "$2" ] || continue
        case $1 in
        apt-get) echo "$apt" ;; dnf) echo "$dnf" ;; pacman) echo "$pacman" ;;
        apk) echo "$apk" ;; zypper) echo "$zypper" ;; brew) echo "$brew" ;;
        esac
    done <<'TABLE'
cmake    cmake        cmake       cmake      cmake     cmake       cmake
make     make         make        make       make      make        make
compiler g++          gcc-c++     gcc        g++       gcc-c++     gcc
libclang libclang-dev clang-devel clang      clang-dev clang-devel llvm
pip      python3-pip  python3-pip python-pip py3-pip   python3-pip python
TABLE
}

install_command() {
    case $1 in
    apt-get) echo 'apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends' ;;
    dnf) echo 'dnf install -y' ;;
    pacman) echo 'pacman -Sy --needed --noconfirm' ;;
    apk) echo 'apk add --no-cache' ;;
    zypper) echo 'zypper --non-interactive install' ;;
    brew) echo 'brew install' ;;
    esac
}

install() {
    for manager in apt-get dnf pacman apk zypper brew none; do ! has "$manager" || break; done
    if [ "$manager" = none ]; then
        say "missing: $*; install that with your system's package manager"
        exit 1
    fi
    packages=
    for need; do packages="$packages $(package "$manager" "$need")"; done
    command="$(install_command "$manager")$packages"
    if [ "$manager" = brew ] || [ "$(id -u)" = 0 ]; then
        as_root=
    elif sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        say "missing: $*; run this, then try again:"
        say "    sudo sh -c '$command'"
        exit 1
    fi
    say "missing: $*; $manager installs:$packages"
    # shellcheck disable=SC2086 # empty, or two words
    $as_root sh -c "$command" >/dev/null || { say "failed: $command"; exit 1; }
}

# shellcheck disable=SC2046 # a list of words
set -- $(missing)
if [ $# -gt 0 ]; then
    case "$* ${LIBCLANG_PATH:+set}" in
    *libclang*set) say "LIBCLANG_PATH names $LIBCLANG_PATH, where no libclang is; unset it, then try again"; exit 1 ;;
    esac
    install "$@"
    # shellcheck disable=SC2046
    set -- $(missing)
    [ $# = 0 ] || { say "still missing: $*"; exit 1; }
fi
if ! has cargo; then
    say 'missing: Rust; install it with rustup, open a new shell, then try again'
    exit 1
fi
