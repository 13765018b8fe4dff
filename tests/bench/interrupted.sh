#!/bin/sh
# Ctrl-C at random moments of a sweep: every row that was measured is kept, the page is whole or the old one, and
# --resume goes on from there to the table of an undisturbed run. The other commands that time end with what there is.
#   interrupted.sh rattan-bench [TIMES]      5 runs that the signal stops
set -eu
bench=$1 times=${2:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
sweep="sweep --synth n=4096,d=32,group=2,heads=6,seed=3,decode=64 --k 10 --queries 16 --index flat,scan4,graph
  --recall 0.8,0.9 --quality-steps 2 --latency off --threads 1 --format jsonl"

fail() { echo "round $round: $*" >&2; exit 1; }
rows() { grep -c '^{"record":"row".*"scope":"head"' "$1" || true; }
# What does not say when and how fast, in one order. A line of a row that was measured again counts once.
table() {
  grep '^{"record":"row".*"scope":"head"' "$1" |
    sed 's/"build_s":[^,]*,//; s/"build_stages":{[^}]*},//' | sort -u
}

round=0
begin=$(date +%s%N)
"$bench" $sweep -o whole.jsonl --report whole.html
length=$((($(date +%s%N) - begin) / 1000000)) # milliseconds
table whole.jsonl >whole.table
[ "$(wc -l <whole.table)" -eq 36 ] || fail "an undisturbed run has $(wc -l <whole.table) rows"

stopped=0
while [ "$stopped" -lt "$times" ]; do
  round=$((round + 1))
  [ "$round" -le "$((10 * times))" ] || fail "of so many runs the signal stopped $stopped: the others ended before it"
  rm -f rows.jsonl
  echo old >page.html
  "$bench" $sweep -o rows.jsonl --report page.html 2>err.txt &
  pid=$!
  delay=$(($(od -An -N4 -tu4 /dev/urandom) % length))
  sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
  seen=0
  [ ! -f rows.jsonl ] || seen=$(rows rows.jsonl)
  kill -INT "$pid" 2>/dev/null || true
  code=0
  wait "$pid" || code=$?
  case $code in
    0) ;;
    130) stopped=$((stopped + 1)) ;; # also where the signal came before the program could take it
    *) fail "exit code $code: $(cat err.txt)" ;;
  esac
  [ -f rows.jsonl ] || : >rows.jsonl
  [ "$(rows rows.jsonl)" -ge "$seen" ] || fail "of $seen rows $(rows rows.jsonl) are kept"
  [ -z "$(tail -c1 rows.jsonl | tr -d '\n')" ] || fail "the last line is cut short"
  [ "$(cat page.html)" = old ] || grep -q '</html>' page.html || fail "the page is neither whole nor the old one"
  "$bench" $sweep -o rows.jsonl --resume rows.jsonl --report page.html
  table rows.jsonl | cmp -s - whole.table || fail "resumed, the table is another"
  "$bench" report rows.jsonl -o again.html >/dev/null
  grep -q '</html>' page.html || fail "resumed, the page is not whole"
done
# Commands that would take hours: stopped, they print what they have. Later where there was nothing yet.
ends_with_rows() {
  for delay in 1 2 4 8 16 32; do
    echo old >rows.jsonl
    "$bench" "$@" --threads 1 --format jsonl -o rows.jsonl 2>err.txt &
    pid=$!
    sleep "$delay"
    kill -INT "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 130 ] || fail "$1: exit code $code: $(cat err.txt)"
    if grep -q '^{.*}$' rows.jsonl; then return; fi
  done
  fail "$1 prints nothing"
}
data="--synth n=2048,d=32,group=2,heads=40,seed=3,decode=640"
ends_with_rows latency $data --k 10 --queries 8 --index flat --resident 1 --rounds 1000000
ends_with_rows decode $data --k 10 --index scan4 --estimate off --depth 1 --layer-kv-heads 1 --rounds 1000000
ends_with_rows batch $data --k 10 --index scan4 --sequences 1 --layer-kv-heads 1 --rounds 1000000
ends_with_rows attend $data --k 10 --queries 4 -r 1000 --rounds 1000 --latency on --context-index scan4
ends_with_rows grow $data --k 10 --queries 8 --append 600 --segment 64 -r 100

echo "$round runs, $stopped of them stopped by SIGINT: rows kept, page whole or old, resumed to the same table"
