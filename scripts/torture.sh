#!/bin/sh
# Runs the torture tests at length and prints what each mishap did: torture.sh
set -u

table=target/torture.table
rm -f "$table"
XLT_TORTURE_ROUNDS=${XLT_TORTURE_ROUNDS:-100} XLT_TORTURE_PATIENCE_S=2 XLT_TORTURE_TABLE="$PWD/$table" \
    ${CARGO:-cargo} test --release --locked --workspace --test torture -- --nocapture --test-threads 2
ended=$?
echo
echo "| mishap | rounds | wrong outputs | refusals to go on | alive after 2 s | longest until nothing was alive |"
echo "|---|---:|---:|---:|---:|---:|"
LC_ALL=C sort "$table"
exit $ended
