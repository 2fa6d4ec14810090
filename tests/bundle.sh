#!/usr/bin/env bash
# Runs the bundle's script with the programs of the emulated device, laid out as in the bundle, and looks at what it leaves.
# usage: bundle.sh whole|without_a_device SCRIPTS FOLDER CARBONFRONT TESTS GPU_BENCH
set -euo pipefail
run=$1 scripts=$2 folder=$3
rm -rf "$folder"
mkdir -p "$folder"/{bin,sample}
ln -s "$4" "$folder/bin/carbonfront"
ln -s "$5" "$folder/bin/cuda_tests"
ln -s "$6" "$folder/bin/gpu_bench"
cp "$scripts/run.sh" "$scripts/peers.py" "$folder/"
fail() { echo "bundle.sh: $*" >&2; exit 1; }

"$folder/bin/carbonfront" generate --rows 400 --seed 7 --objectives 3 -o "$folder/sample/sample.h5" 2>/dev/null
"$folder/bin/carbonfront" score "$folder/sample/sample.h5" -o "$folder/r.h5" --backend cpu --view training=accuracy:max,co2e_kg:min \
  --emissions devices=n_gpus,max_power=tdp,time=train_time --view all=f1:min,f2:min,f3:min >/dev/null 2>&1
"$folder/bin/carbonfront" inspect --digest "$folder/r.h5" | cut -d" " -f1 >"$folder/sample/expected.digest"
bundle=("$folder/run.sh" --tiny --backend cuda-emulated --out "$folder/results")
code=0
case $run in
  whole)
    "${bundle[@]}" || fail "code $?"
    table=$(echo "$folder"/results/*-emulated-device.md)
    grep -q 'EMULATED' "$table" || fail "the table does not say that it is no measurement"
    for text in '| conformance | passed' '| sample | passed' '| kernels | passed' '| end-to-end | passed' '| emissions |' '| ranks |'; do
      grep -qF "$text" "$table" || fail "the table has no line '$text'"
    done
    ! grep -v '"emulated":true' "$folder/results/measurements.jsonl" || fail "a line does not say that it is emulated"
    python3 -c 'import json, sys; all = json.load(open(sys.argv[1])); assert all["emulated"] and all["lines"]' "${table%.md}.json"
    echo 1 >"$folder/sample/expected.digest"  # a sample that gives another digest is a failure
    "${bundle[@]}" >/dev/null 2>&1 || code=$?
    [ $code = 1 ] || fail "code $code where the sample's digest is wrong"
    grep -qF '| sample | failed with code 1' "$table" || fail "the table does not say that the sample failed"
    ;;
  without_a_device)
    said=$(CARBONFRONT_EMULATED_DEVICES=0 "${bundle[@]}" 2>&1) || code=$?
    [ $code = 4 ] || fail "code $code, expected 4: $said"
    [[ $said == *'there is no device to use'*'no CUDA-capable device'* ]] || fail "it said: $said"
    [ ! -e "$folder/results" ] || fail "it left results"
    ;;
esac
