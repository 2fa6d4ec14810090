#!/usr/bin/env bash
# Proves the CUDA backend on this machine and measures it, inside 8 minutes. What is done is kept, whatever comes after.
# usage: ./run.sh [--out FOLDER] [--backend cuda-emulated] [--tiny]
# Writes FOLDER/YYYY-MM-DD-DEVICE.json and .md (default folder: results beside this script), and a log of every step.
# Exit codes: 0 everything passed; 1 a step failed, or ran out of time; 2 usage; 4 there is no device to use.
# --tiny takes seconds, on small inputs; cuda-emulated needs programs built with the emulated device, and is no measurement.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/results backend=cuda tiny=0
while [ $# -gt 0 ]; do
  case $1 in
    --out | --backend)
      [ $# -gt 1 ] || { echo "run.sh: $1 needs a value (see the top of this script)" >&2; exit 2; }
      [ "$1" = --out ] && out=$2 || backend=$2
      shift ;;
    --tiny) tiny=1 ;;
    *) echo "run.sh: unknown argument '$1' (see the top of this script)" >&2; exit 2 ;;
  esac
  shift
done

began=$SECONDS whole=465 failed=0
date=$(date -u +%F)
if ! device=$("$here/bin/gpu_bench" device 2>&1); then
  echo "run.sh: there is no device to use ($device); run it on a machine with an NVIDIA GPU of compute capability 9.0 or newer and its driver" >&2
  exit 4
fi
mkdir -p "$out" && out=$(cd "$out" && pwd) && : >"$out/measurements.jsonl" || exit 2
emulated=
[ "$backend" = cuda ] || emulated=',"emulated":true'

write() { printf '%s\n' "$1" >>"$out/measurements.jsonl"; }
words() { tr -d '"\\' | tr -c '[:print:]\n' ' ' | tr '\n' ' '; }  # what a JSON string can hold
report() { "$here/bin/gpu_bench" report "$out" --date "$date" >"$out/report.log" || failed=1; }

step() {  # name, seconds at most, command...: runs it with a log of its own
  local name=$1 limit=$2 code outcome begin=$SECONDS
  shift 2
  local left=$((whole - (SECONDS - began)))
  [ "$limit" -lt "$left" ] || limit=$left
  if [ "$limit" -lt 5 ]; then
    code=124 outcome="left out: no time"
  else
    echo "== $name (at most $limit s)"
    timeout -k 5 "$limit" "$@" >"$out/$name.log" 2>&1
    code=$?
    case $code in
      0) outcome=passed ;;
      124 | 137) outcome="ran out of time" ;;
      *) outcome="failed with code $code" ;;
    esac
  fi
  [ "$code" = 0 ] || failed=1
  echo "   $outcome"
  [ "$code" = 0 ] || tail -5 "$out/$name.log" 2>/dev/null
  write "{\"kind\":\"step\",\"name\":\"$name\",\"outcome\":\"$outcome\",\"seconds\":$((SECONDS - begin))$emulated}"
  report
  return $code
}
left_out() {  # name, why
  echo "== $1: $2"
  write "{\"kind\":\"step\",\"name\":\"$1\",\"outcome\":\"left out: $2\",\"seconds\":0$emulated}"
}

machine() {
  echo "$device$([ "$backend" = cuda ] || echo " (EMULATED: nothing here is a measurement)"),"
  command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit,mig.mode.current --format=csv,noheader
  grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
  echo "$(nproc) cores, $(awk '/MemTotal/ {printf "%d GiB", $2 / 1048576}' /proc/meminfo), $(uname -sr), $("$here/bin/carbonfront" --version)"
}

conformance() {  # filter, tool...: a test that is skipped, or none at all, is a failure
  local filter=$1 log
  shift
  log=$("$@" "$here/bin/cuda_tests" --gtest_filter="$filter" 2>&1)
  local code=$?
  printf '%s\n' "$log"
  [ $code = 0 ] || return $code
  ! grep -q SKIPPED <<<"$log" && grep -qE '^\[  PASSED  \] [1-9]' <<<"$log"
}

score() {  # backend, sweep, result: prints the seconds it took
  local begin=${EPOCHREALTIME/./}
  "$here/bin/carbonfront" score "$2" -o "$3" --force --backend "$1" \
    --emissions devices=n_gpus,max_power=tdp,time=train_time --view training=accuracy:max,co2e_kg:min \
    --view all=f1:min,f2:min,f3:min >/dev/null || return
  awk "BEGIN {print (${EPOCHREALTIME/./} - $begin) / 1e6}"
}
digest() { "$here/bin/carbonfront" inspect --digest "$1" | cut -d" " -f1; }

sample() {  # the shipped sweep gives the shipped digest
  score "$backend" "$here/sample/sample.h5" "$out/sample-result.h5" && digest "$out/sample-result.h5" |
    diff - "$here/sample/expected.digest"
}

end_to_end() {  # rows
  local sweep=$out/sweep.h5 result=$out/result.h5 way seconds expected='' found equal code=0
  "$here/bin/carbonfront" generate --rows "$1" --objectives 3 -o "$sweep" --force || return
  for way in cpu "$backend" "$backend"; do
    seconds=$(score "$way" "$sweep" "$result") && found=$(digest "$result") || { code=1; break; }
    equal=true
    [ -n "$expected" ] || expected=$found
    [ "$found" = "$expected" ] || { equal=false code=1; }
    write "{\"kind\":\"end_to_end\",\"backend\":\"$way\",\"rows\":$1,\"seconds\":$seconds,\"equal\":$equal$emulated}"
  done
  rm -f "$sweep" "$result"
  return $code
}
export -f conformance score digest sample end_to_end write
export here out backend emulated

machine | tee "$out/machine.txt"
write "{\"kind\":\"machine\",\"text\":\"$(words <"$out/machine.txt")\"$emulated}"
write "{\"kind\":\"device\",\"name\":\"$device\"$emulated}"
report

all='*' some='DeviceKernels.*:DeviceLayer.*' races='DeviceKernels.SettleRanks:DeviceLayer.*' rows=2000000
sizes=(--seconds 130)
if [ $tiny = 1 ]; then
  all='DeviceKernels.SettleRanks:Conformance.AgreesOnBooleans' some=$all races=$all rows=3000
  sizes=(--seconds 60 --rows 300 --objectives 2,3 --copy-bytes 4096 --sorted-keys 1000 --compares 64)
fi
step conformance 100 bash -c "conformance '$all'"
step sample 20 bash -c sample
sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer || true)
for tool in memcheck racecheck; do
  if [ "$backend" != cuda ]; then left_out $tool "not for the emulated device"
  elif [ -z "$sanitizer" ]; then left_out $tool "compute-sanitizer is not here"
  elif [ $tool = memcheck ]; then step memcheck 70 bash -c "conformance '$some' '$sanitizer' --tool memcheck --error-exitcode 9"
  else step racecheck 60 bash -c "conformance '$races' '$sanitizer' --tool racecheck --error-exitcode 9"; fi
done
step kernels 160 "$here/bin/gpu_bench" measure "$out" --backend "$backend" "${sizes[@]}"
step end-to-end 60 bash -c "end_to_end $rows"
if python3 -c 'import torch' 2>/dev/null && [ "$backend" = cuda ]; then
  step peers 60 python3 "$here/peers.py" "$here/bin/gpu_bench" "$out"
else
  left_out peers "python3 has no torch, or the device is emulated"
fi
report
cat "$out/report.log"
[ $failed = 0 ] || echo "run.sh: a step failed or ran out of time; see the table and the logs in $out" >&2
exit $failed
