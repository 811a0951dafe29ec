#!/bin/sh
# Copies xlt, llama.cpp's libraries and its backends: install.sh PROGRAM PREFIX
set -eu

[ $# = 2 ] || { echo "usage: install.sh PROGRAM PREFIX" >&2; exit 2; }
program=$1 prefix=$2
libraries_of() {
    case $(uname) in
    Darwin) otool -l "$1" | awk '/LC_RPATH/ { r = 1 } r && $1 == "path" { print $2; r = 0 }' | grep '^/' | head -n 1 ;;
    *) ldd "$1" | awk '$1 ~ /^libllama\./ { print $3 }' | xargs -r dirname ;;
    esac
}
from=$(libraries_of "$program")
[ -n "$from" ] || { echo "install: $program does not use llama.cpp's libraries; build it with \`make build\`" >&2; exit 1; }

# Made whole beside the old ones and then put in their place: what runs goes on with its own, and no library of an older
# version stays.
new=$prefix/lib/xlt.new old=$prefix/lib/xlt.old
rm -rf "$new" "$old"
mkdir -p "$prefix/bin" "$new/backends"
for library in "$from"/lib*.so* "$from"/lib*.dylib; do
    # Links are kept: the program asks for one name, the linker for another.
    [ ! -e "$library" ] || cp -P "$library" "$new/"
done
cp "$from/../backends/"* "$new/backends/"
cp "$program" "$prefix/bin/xlt.new"
[ ! -e "$prefix/lib/xlt" ] || mv "$prefix/lib/xlt" "$old"
mv "$new" "$prefix/lib/xlt"
mv "$prefix/bin/xlt.new" "$prefix/bin/xlt"
rm -rf "$old"
echo "installed $prefix/bin/xlt"
