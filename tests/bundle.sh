#!/usr/bin/env bash
# Runs the bundle's script with the programs of the emulated device, laid out as in the bundle, and looks at what it leaves.
# usage: bundle.sh whole|failures|tools|without_a_device SCRIPTS FOLDER CARBONFRONT TESTS GPU_BENCH
set -euo pipefail
run=$1 scripts=$2 folder=$3
rm -rf "$folder"
mkdir -p "$folder"/{bin,sample}
ln -s "$4" "$folder/bin/carbonfront"
ln -s "$5" "$folder/bin/cuda_tests"
ln -s "$6" "$folder/bin/gpu_bench"
cp "$scripts"/{run.sh,peers.py,profile.py} "$folder/"
fail() { echo "bundle.sh: $*" >&2; exit 1; }

"$folder/bin/carbonfront" generate --rows 400 --seed 7 --objectives 3 -o "$folder/sample/sample.h5" 2>/dev/null
"$folder/bin/carbonfront" score "$folder/sample/sample.h5" -o "$folder/r.h5" --backend cpu --view training=accuracy:max,co2e_kg:min \
  --emissions devices=n_gpus,max_power=tdp,time=train_time --view all=f1:min,f2:min,f3:min >/dev/null 2>&1
"$folder/bin/carbonfront" inspect --digest "$folder/r.h5" | cut -d" " -f1 >"$folder/sample/expected.digest"
bundle=("$folder/run.sh" --tiny --backend cuda-emulated --out "$folder/results")
code=0
case $run in
  whole)
    "${bundle[@]}" >"$folder/said" 2>&1 || { cat "$folder/said"; fail "code $?"; }
    table=$(echo "$folder"/results/*-emulated-device.md)
    grep -q 'EMULATED' "$table" || fail "the table does not say that it is no measurement"
    for text in '| ceilings | passed' '| sample | passed' '| blocks | passed' '| conformance | passed' '| headline | passed' \
      '| kernel-times | left out: not for the emulated device' '| memcheck | left out' '| racecheck | left out' \
      '| headline-again | passed' '| end-to-end | passed' '| peers | left out' '| kernel-details | left out' \
      '| emissions-1e8 |' '| ranks-1e6x8 |' '| front-1e7x8-anticorrelated |' 'raise_kernel' '| cuda-emulated | 4000 |'; do
      grep -qF "$text" "$table" || fail "the table has no line '$text'"
    done
    ! grep -E '^\|.*\| false \|$' "$table" || fail "an answer is wrong"
    python3 - "${table%.md}.json" <<'P'
import json, sys
result = json.load(open(sys.argv[1]))
assert result["emulated"] and all(line["emulated"] for line in result["lines"]), "a line does not say that it is emulated"
rows = [line for line in result["lines"] if line["kind"] == "headline" and "host" in line]
assert len(rows) > 50 and all(row["equal"] and row["device"]["by_name"] and row["cpu"]["seconds"] > 0 for row in rows), len(rows)
P
    ls "$folder/results" | grep -v '^20.*\.json$\|^20.*\.md$\|^logs\.tar\.gz$' && fail "there is more than a JSON, a table and a tar"
    tar tzf "$folder/results/logs.tar.gz" | grep '\./tests\.1\.log' >/dev/null || fail "the logs are not in the tar"
    ;;
  failures)
    echo 1 >"$folder/sample/expected.digest"  # a sample that gives another digest is a failure
    "${bundle[@]}" first >/dev/null 2>&1 || code=$?
    [ $code = 1 ] || fail "code $code where the sample's digest is wrong"
    grep -qF '| sample | failed with code 1' "$folder"/results/*.md || fail "the table does not say that the sample failed"
    grep -qF '| headline | passed' "$folder"/results/*.md || fail "the steps after it were not done"
    code=0 json=$(echo "$folder"/results/*.json)
    "${bundle[@]}" second 30 --out "$folder/more" --with "$json" >/dev/null 2>&1 || code=$?
    [ $code = 0 ] || fail "code $code of the second half"
    grep -qF '| sample | failed' "$folder"/more/*.md && grep -qF '| end-to-end | passed' "$folder"/more/*.md || fail "the halves were not joined"
    # ended from outside: what is there by then is packed, and nothing of it runs on
    rm -rf "$folder/results"
    "${bundle[@]}" first >/dev/null 2>&1 &
    for _ in $(seq 300); do
      grep -qs '| sample |' "$folder"/results/*.md && break
      sleep 0.1
    done
    kill $!
    code=0
    wait $! || code=$?
    [ $code = 143 ] || fail "code $code when it was ended"
    tar tzf "$folder/results/logs.tar.gz" | grep 'sample\.log' >/dev/null || fail "nothing was packed when it was ended"
    sleep 1
    ! pgrep -f "$folder/bin" || fail "something runs on"
    # no time for anything: it ends at once and says what was left out
    code=0 SECONDS=0
    "${bundle[@]}" first 9 --out "$folder/short" >/dev/null 2>&1 || code=$?
    [ $code = 1 ] && [ $SECONDS -le 12 ] || fail "code $code after $SECONDS s of 9"
    grep -qF 'left out: no time' "$folder"/short/*.md || fail "the table does not say what was left out"
    code=0
    "$folder/run.sh" third >/dev/null 2>&1 || code=$?
    [ $code = 2 ] || fail "code $code of a half that is none"
    ;;
  tools)  # as on a GPU: programs that take the emulated device for cuda, and stand-ins for the profiler and the checker
    for program in carbonfront gpu_bench; do
      mv "$folder/bin/$program" "$folder/bin/$program.emulated"
      cat >"$folder/bin/$program" <<'P'
#!/usr/bin/env bash
arguments=()
for argument in "$@"; do
  [ "$argument" = cuda ] && argument=cuda-emulated
  arguments+=("$argument")
done
[ "${0##*/}" = carbonfront ] || [[ " ${arguments[*]} " == *cuda-emulated* ]] || case ${arguments[0]} in
  headline | answers) arguments+=(--backend cuda-emulated) ;;
esac
exec "$0.emulated" "${arguments[@]}"
P
      chmod +x "$folder/bin/$program"
    done
    mkdir "$folder/tools"
    cat >"$folder/tools/ncu" <<'P'
#!/usr/bin/env bash
log=/dev/stdout metrics=() program=()
while [ $# -gt 0 ]; do
  case $1 in
    --log-file) log=$2; shift ;;
    --metrics) IFS=, read -ra metrics <<<"$2"; shift ;;
    -c | --kernel-name | --clock-control | --print-units) shift ;;
    --csv) ;;
    *) program=("$@"); break ;;
  esac
  shift
done
"${program[@]}" || exit
{
  echo '==PROF== Connected to process 1'
  echo '"ID","Process ID","Kernel Name","Context","Metric Name","Metric Unit","Metric Value"'
  for id in 0 1; do
    for metric in "${metrics[@]}"; do
      echo "\"$id\",\"1\",\"void carbonfront::(anonymous namespace)::probe_kernel<double>(unsigned *, int)\",\"1\",\"$metric\",\"ns\",\"1,500\""
    done
  done
} >"$log"
P
    cat >"$folder/tools/compute-sanitizer" <<'P'
#!/usr/bin/env bash
tool=$2
while [ $# -gt 0 ] && [[ $1 != */bin/* ]]; do shift; done
if [ "$tool" = memcheck ]; then
  echo '========= Error: Device not supported'
  exit 1
fi
"$@"
code=$?
[[ $1 == */gpu_bench ]] || echo "========= Error: Race reported between Write access at void ${RACE_OF}+0x90 in x.cuh:40"
echo '========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)'
exit $code
P
    chmod +x "$folder"/tools/*
    bundle=("$folder/run.sh" --tiny --out "$folder/results")
    RACE_OF='cub::DeviceScanKernel' PATH=$folder/tools:$PATH "${bundle[@]}" >"$folder/said" 2>&1 || { cat "$folder/said"; fail "code $?"; }
    table=$(echo "$folder"/results/*.md)
    for text in '| kernel-times | passed' '| memcheck | left out: ========= Error: Device not supported' '| racecheck | passed' '| kernel-details | passed' \
      'probe_kernel | 2 | 3.0 |' 'dram__bytes.sum 3000'; do
      grep -qF "$text" "$table" || { cat "$table"; fail "the table has no line '$text'"; }
    done
    grep -qE '\| peers \| (passed|left out: .*torch)' "$table" || fail "the table says nothing of peers"
    RACE_OF='carbonfront::device::leaf_kernel' PATH=$folder/tools:$PATH "${bundle[@]}" first >/dev/null 2>&1 || code=$?
    [ $code = 1 ] && grep -qF '| racecheck | failed' "$table" || fail "code $code where a kernel of ours races"
    ;;
  without_a_device)
    said=$(CARBONFRONT_EMULATED_DEVICES=0 "${bundle[@]}" 2>&1) || code=$?
    [ $code = 4 ] || fail "code $code, expected 4: $said"
    [[ $said == *'there is no device to use'*'no CUDA-capable device'* ]] || fail "it said: $said"
    [ ! -e "$folder/results" ] || fail "it left results"
    ;;
esac
