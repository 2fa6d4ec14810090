#!/usr/bin/env bash
# Proves the CUDA backend on this machine and measures it. What is done is kept, whatever comes after.
# usage: ./run.sh [first|second] [SECONDS] [--out FOLDER] [--with FILE.json] [--backend cuda-emulated] [--tiny]
#   first    what the machine can do; every answer right, in blocks too; the rows of the headline; kernels under Nsight Compute and
#            compute-sanitizer, where they work
#   second   the headline again with large and with hard rows; from file to result beside the CPU; peers; kernels in detail
#   alone    both, one after the other. Each takes SECONDS at most (280), the cheapest work first.
# Writes to FOLDER (default: results beside this script) YYYY-MM-DD-DEVICE.json and .md and logs.tar.gz, also when it is ended early.
# --with joins the lines of an earlier half, by its JSON.
# Exit codes: 0 everything passed; 1 a step failed, or ran out of time; 2 usage; 4 there is no device to use.
# --tiny takes seconds, on small inputs; cuda-emulated needs programs built with the emulated device, and is no measurement.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() { echo "run.sh: $* (see the top of this script)" >&2; exit 2; }
out=$here/results backend=cuda tiny='' halves='first second' whole=280 with=''
while [ $# -gt 0 ]; do
  case $1 in
    --out | --backend | --with)
      [ $# -gt 1 ] || usage "$1 needs a value"
      case $1 in --out) out=$2 ;; --backend) backend=$2 ;; --with) with=$2 ;; esac
      shift ;;
    --tiny) tiny=--tiny ;;
    first | second) halves=$1 ;;
    *[!0-9]* | '') usage "unknown argument '$1'" ;;
    *) whole=$1 ;;
  esac
  shift
done
[ -z "$with" ] || with=$(realpath -e "$with") || usage "there is no file to join"

export PATH=$PATH:/usr/local/cuda/bin
if ! device=$("$here/bin/gpu_bench" device 2>&1); then
  echo "run.sh: there is no device to use ($device); run it on a machine with an NVIDIA GPU of compute capability 9.0 or newer and its driver" >&2
  exit 4
fi
mkdir -p "$out" && out=$(cd "$out" && pwd) && work=$(mktemp -d) && : >"$work/measurements.jsonl" || exit 2
date=$(date -u +%F) began=$SECONDS failed=0 emulated=
[ "$backend" = cuda ] || emulated=',"emulated":true'
tar=$out/logs.tar.gz

pack() {  # the report, and everything that was written, under names that are there whole or not at all
  "$here/bin/gpu_bench" report "$work" --date "$date" ${with:+--with "$with"} >/dev/null 2>"$work/report.log" || failed=1
  local file
  for file in "$work/$date"-*; do
    [ -f "$file" ] && cp "$file" "$out/.next" && mv "$out/.next" "$out/${file##*/}"
  done
  tar czf "$out/.next" -C "$work" --exclude '*.h5' --exclude '*.f64' --exclude '*.u32' --exclude '*.u8' . 2>/dev/null && mv "$out/.next" "$tar"
}
finish() {
  trap '' TERM INT HUP
  jobs -p | xargs -r kill 2>/dev/null
  pack
  rm -rf "$work" "$out/.next"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

write() { printf '%s\n' "$1" >>"$work/measurements.jsonl"; }
words() { tr -d '"\\' | tr -c '[:print:]\n' ' ' | tr '\n' ' ' | sed 's/ *$//' | cut -c1-"${1:-400}"; }  # what a JSON string can hold
left() { echo $((whole - 8 - (SECONDS - began))); }  # eight seconds are for packing
at_most() { local l; l=$(left); [ "$1" -lt "$l" ] && echo "$1" || echo "$l"; }
outcome() {  # name, outcome, seconds
  echo "   $1: $2 ($3 s)"
  write "{\"kind\":\"step\",\"name\":\"$1\",\"outcome\":\"$(words <<<"$2")\",\"seconds\":$3$emulated}"
}
left_out() { outcome "$1" "left out: $2" 0; }

step() {  # name, seconds at most, command...: runs it with a log of its own; code 0, or why not
  local name=$1 limit code begin=$SECONDS why=
  limit=$(at_most "$2")
  shift 2
  if [ "$limit" -lt 3 ]; then
    left_out "$name" "no time"
    failed=1
    return 124
  fi
  echo "== $name (at most $limit s)"
  timeout -k 2 "$limit" "$@" >"$work/$name.log" 2>&1 &
  wait $!
  code=$?
  case $code in
    0) why=passed ;;
    124 | 137) why="ran out of time" ;;
    *) why="failed with code $code: $(tail -n 1 "$work/$name.log" | words 160)" ;;
  esac
  [ $code = 0 ] || failed=1
  outcome "$name" "$why" $((SECONDS - begin))
  pack
  return $code
}

machine() {
  echo "$device$([ "$backend" = cuda ] || echo " (EMULATED: nothing here is a measurement)"),"
  command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit,mig.mode.current --format=csv,noheader
  grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
  echo "$(nproc) cores, $(awk '/MemTotal/ {printf "%d GiB", $2 / 1048576}' /proc/meminfo), $(uname -sr), $("$here/bin/carbonfront" --version)"
}

tests() {  # filter, processes: every line to a log as it is written; a test that is skipped, or none at all, is a failure
  local k pids=() code=0
  for ((k = 0; k < $2; ++k)); do
    GTEST_TOTAL_SHARDS=$2 GTEST_SHARD_INDEX=$k stdbuf -oL "$here/bin/cuda_tests" --gtest_filter="$1" >"$work/tests.$k.log" 2>&1 &
    pids+=($!)
  done
  for k in "${pids[@]}"; do wait "$k" || code=$?; done
  cat "$work"/tests.?.log | grep -E '^\[  (FAILED|SKIPPED)' | sort -u
  local passed
  passed=$(cat "$work"/tests.?.log | grep -c '^\[       OK')
  echo "$passed tests passed"
  [ $code = 0 ] && [ "$passed" -gt 0 ] && ! grep -q SKIPPED "$work"/tests.?.log
}

score() {  # backend, sweep, result, more...: prints the seconds it took
  local way=$1 sweep=$2 result=$3 begin=${EPOCHREALTIME/./}
  shift 3
  "$here/bin/carbonfront" score "$sweep" -o "$result" --force --backend "$way" "$@" \
    --emissions devices=n_gpus,max_power=tdp,time=train_time --view training=accuracy:max,co2e_kg:min \
    --view all=f1:min,f2:min,f3:min >/dev/null || return
  awk "BEGIN {print (${EPOCHREALTIME/./} - $begin) / 1e6}"
}
digest() { "$here/bin/carbonfront" inspect --digest "$1" | cut -d" " -f1; }

sample() {  # the shipped sweep gives the shipped digest
  score "$backend" "$here/sample/sample.h5" "$work/sample.h5" && digest "$work/sample.h5" | diff - "$here/sample/expected.digest"
}

blocks() {  # known answers again, with so little of the device's memory that rows go in blocks
  local row
  for row in front-1e6x8 counts-1e6x3 witnesses-1e6x8; do
    "$here/bin/gpu_bench" blocks "$row" "$work" --backend "$backend" $tiny || return
  done
}

headline() {  # half: the rows, each a process of its own, so that one that fails or hangs takes no other along
  local row code wrong=0
  for row in $("$here/bin/gpu_bench" rows "$1"); do
    [ "$(left)" -gt 4 ] || { echo "no time for $row and what comes after"; return 124; }
    echo "-- $row"
    timeout --foreground -k 1 "$(at_most 30)" "$here/bin/gpu_bench" headline "$row" "$work" --backend "$backend" $tiny
    code=$?
    [ $code = 0 ] && continue
    echo "$row ended with code $code"
    write "{\"kind\":\"step\",\"name\":\"$row\",\"outcome\":\"$([ $code = 124 ] && echo ran out of time || echo "failed with code $code")\",\"seconds\":0$emulated}"
    [ $code = 124 ] || wrong=1  # a row that takes too long is a finding, no failure
  done
  return $wrong
}

end_to_end() {  # rows...: from file to result, the device beside all cores
  local rows way seconds expected found equal code=0
  for rows in "$@"; do
    expected=
    "$here/bin/carbonfront" generate --rows "$rows" --objectives 3 -o "$work/sweep.h5" --force || return
    for way in cpu "$backend" "$backend"; do
      seconds=$(score "$way" "$work/sweep.h5" "$work/result.h5") && found=$(digest "$work/result.h5") || return
      equal=true expected=${expected:-$found}
      [ "$found" = "$expected" ] || { equal=false code=1; }
      write "{\"kind\":\"end_to_end\",\"backend\":\"$way\",\"rows\":$rows,\"seconds\":$seconds,\"equal\":$equal$emulated}"
    done
  done
  rm -f "$work/sweep.h5" "$work/result.h5"
  return $code
}

works() {  # name, what it must say, tool...: tries a tool on one small kernel; where it cannot, the step is left out in its own words
  local name=$1 must=$2 words
  shift 2
  [ "$backend" = cuda ] || { left_out "$name" "not for the emulated device"; return 1; }
  command -v "$1" >/dev/null || { left_out "$name" "$1 is not here"; return 1; }
  timeout -k 2 "$(at_most 20)" "$@" "$here/bin/gpu_bench" probe >"$work/$name.probe.log" 2>&1 &&
    grep -qF "$must" "$work/$name.probe.log" && return
  words=$(grep -m1 -iE 'error|not supported|fail' "$work/$name.probe.log" || tail -n 1 "$work/$name.probe.log")
  left_out "$name" "${words:-it said nothing}"
  return 1
}
times="ncu --clock-control none --csv --print-units base --metrics gpu__time_duration.sum"
details="$times,dram__bytes.sum,smsp__issue_active.avg.pct_of_peak_sustained_active,l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum,sm__warps_active.avg.pct_of_peak_sustained_active"

kernel_times() {  # microseconds by kernel of the six heaviest rows
  local row
  for row in $("$here/bin/gpu_bench" rows heaviest "$work"); do
    [ "$(left)" -gt 10 ] || { echo "no time for $row"; return 0; }
    timeout --foreground -k 2 "$(at_most 25)" $times -c 4000 --log-file "$work/ncu.$row.csv" "$here/bin/gpu_bench" headline "$row" "$work" --once $tiny
    python3 "$here/profile.py" "$work/ncu.$row.csv" "$row" "$work"
  done
}
kernel_details() {  # one launch of each of the five heaviest kernels
  local kernel row
  while read -r kernel row; do
    [ "$(left)" -gt 10 ] || { echo "no time for $kernel"; return 0; }
    timeout --foreground -k 2 "$(at_most 25)" $details -c 1 --kernel-name "$kernel" --log-file "$work/ncu.$kernel.csv" \
      "$here/bin/gpu_bench" headline "$row" "$work" --once $tiny
    python3 "$here/profile.py" "$work/ncu.$kernel.csv" "$row" "$work"
  done < <("$here/bin/gpu_bench" rows kernels "$work")
}
checked() {  # tool, filter: the tests under compute-sanitizer; what it says of CUB's and Thrust's own kernels is known
  local code=0
  compute-sanitizer --tool "$1" --print-limit 1000 "$here/bin/cuda_tests" --gtest_filter="$2" >"$work/$1.full.log" 2>&1 || code=$?
  grep -E '^\[       OK|^\[  (PASSED|FAILED)|ERROR SUMMARY|RACECHECK SUMMARY' "$work/$1.full.log"
  ! grep -E '(Race reported|hazard|Invalid|Misaligned|Leaked|Program hit).*' "$work/$1.full.log" | grep -vE 'SUMMARY|cub::|thrust::|_CUB_' || return 1
  [ $code = 0 ] && grep -qE '^\[  PASSED  \] [1-9]' "$work/$1.full.log"
}
export -f tests score digest sample blocks headline end_to_end kernel_times kernel_details checked write words left at_most
export here work backend tiny emulated whole began times details
# What a step runs in a shell of its own counts its seconds from there.
in_shell() { echo "SECONDS=$SECONDS; began=$began; $*"; }

first() {
  local all='*' some='DeviceKernels.*:DeviceLayer.*' races='DeviceKernels.SettleRanks:DeviceKernels.CountBothWays:DeviceKernels.FindWitnesses:DeviceLayer.*' processes=4
  if [ -n "$tiny" ]; then all='DeviceKernels.SettleRanks:Devices.RefuseBlocks*:DeviceLayer.Moves*' some=$all races=$all processes=2; fi
  step sample 30 bash -c "$(in_shell sample)"
  step blocks 30 bash -c "$(in_shell blocks)"
  step conformance 100 bash -c "$(in_shell "tests '$all' $processes")"
  step headline 130 bash -c "$(in_shell headline first)"
  works kernel-times probe_kernel $times && step kernel-times 60 bash -c "$(in_shell kernel_times)"
  works memcheck "SUMMARY: 0" compute-sanitizer --tool memcheck && step memcheck 45 bash -c "$(in_shell "checked memcheck '$some'")"
  works racecheck "SUMMARY: 0" compute-sanitizer --tool racecheck && step racecheck 60 bash -c "$(in_shell "checked racecheck '$races'")"
}

second() {
  local rows='2000000 10000000'
  [ -z "$tiny" ] || rows='3000 4000'
  step headline-again 150 bash -c "$(in_shell headline second)"
  step end-to-end 70 bash -c "$(in_shell "end_to_end $rows")"
  if [ "$backend" != cuda ]; then left_out peers "not for the emulated device"
  elif ! python3 -c 'import torch' 2>"$work/torch.log"; then left_out peers "$(tail -n 1 "$work/torch.log" | words)"
  else step peers 50 python3 "$here/peers.py" "$here/bin/gpu_bench" "$work"; fi
  works kernel-details probe_kernel $details && step kernel-details 60 bash -c "$(in_shell kernel_details)"
}

machine | tee "$work/machine.txt"
write "{\"kind\":\"machine\",\"text\":\"$(words <"$work/machine.txt")\"$emulated}"
ceilings=()
[ -z "$tiny" ] || ceilings=(--copy-bytes 4096 --sorted-keys 1000 --compares 64)
step ceilings 40 "$here/bin/gpu_bench" ceilings "$work" --backend "$backend" "${ceilings[@]}"
seconds=$whole
for half in $halves; do
  $half
  whole=$((SECONDS - began + seconds))  # the other half has as many of its own
done
pack
cat "$out/$date"-*.md
[ $failed = 0 ] || echo "run.sh: a step failed or ran out of time; see the table and the logs in $out" >&2
exit $failed
