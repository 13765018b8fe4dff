#!/bin/sh
# The data inside the program is inside it: no path of it is in the binary, and a copy elsewhere reads it.
#   carried.sh rattan-bench DATA_FILE
set -eu
if grep -qF "$(basename "$2")" "$1"; then
  echo "$1 holds the name of $2: it may open it" >&2
  exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$1" "$folder/carried"
cd "$folder"
./carried info --embedded | grep -q "Qwen2.5-Coder-1.5B"
