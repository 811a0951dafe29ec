#!/bin/sh
# Copies xlt, llama.cpp's libraries and its backends: install.sh PROGRAM PREFIX
set -eu

program=$1 prefix=$2
library() {
    case $(uname) in
    Darwin) otool -l "$program" | awk '/LC_RPATH/ { r = 1 } r && $1 == "path" { print $2; r = 0 }' | grep '^/' | head -n 1 ;;
    *) ldd "$program" | awk '$1 ~ /^libllama\./ { print $3 }' | xargs -r dirname ;;
    esac
}
from=$(library)
[ -n "$from" ] || { echo "install: $program does not use llama.cpp's libraries; build it with \`make build\`" >&2; exit 1; }
mkdir -p "$prefix/bin" "$prefix/lib/xlt/backends"
cp "$program" "$prefix/bin/xlt.new"
mv "$prefix/bin/xlt.new" "$prefix/bin/xlt"
for library in "$from"/lib*.so* "$from"/lib*.dylib; do
    # Links are kept: the program asks for one name, the linker for another.
    [ ! -e "$library" ] || cp -P "$library" "$prefix/lib/xlt/"
done
cp "$from/../backends/"* "$prefix/lib/xlt/backends/"
echo "installed $prefix/bin/xlt"
