#!/usr/bin/env bash
# Puts programs, the libraries they need, a sample and the script into one folder that runs elsewhere, and into a tar file.
# usage: assemble.sh FOLDER CARBONFRONT CUDA_TESTS GPU_BENCH
# What another machine brings itself: glibc, and the NVIDIA driver.
set -euo pipefail
folder=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
names=(carbonfront cuda_tests gpu_bench)
rm -rf "$folder" "$folder.tar.gz"
mkdir -p "$folder"/{bin,lib,sample}
for program in "$@"; do
  install -m 755 "$program" "$folder/bin/${names[0]}"
  names=("${names[@]:1}")
done
strip "$folder"/bin/*
cp "$here/run.sh" "$here/peers.py" "$here/profile.py" "$folder/"
cp "$here/../../LICENSE" "$folder/"
for program in "$folder"/bin/*; do
  ldd "$program" | awk '$2 == "=>" {print $1, $3}'
done | sort -u | grep -vE '^(libc|libm|libdl|librt|libpthread)\.so|^ld-linux' | while read -r name file; do
  cp -L "$file" "$folder/lib/$name"
done
"$folder/bin/carbonfront" generate --rows 20000 --seed 7 --objectives 3 --missing 0.02 --distribution quantised \
  --deflate 6 -o "$folder/sample/sample.h5" 2>/dev/null
"$folder/bin/carbonfront" score "$folder/sample/sample.h5" -o "$folder/sample/result.h5" --backend cpu \
  --emissions devices=n_gpus,max_power=tdp,time=train_time --view training=accuracy:max,co2e_kg:min \
  --view all=f1:min,f2:min,f3:min >/dev/null 2>&1
"$folder/bin/carbonfront" inspect --digest "$folder/sample/result.h5" | cut -d" " -f1 >"$folder/sample/expected.digest"
rm "$folder/sample/result.h5"

wrong=0
for file in "$folder"/bin/* "$folder"/lib/*; do
  while read -r name _ where _; do  # every library is glibc's or lies in the folder
    case $name in
      linux-vdso* | /lib64/ld-linux* | libc.so* | libm.so* | libdl.so* | librt.so* | libpthread.so*) ;;
      *) [ -f "$folder/lib/$name" ] || { echo "assemble.sh: $file needs $name ($where)" >&2; wrong=1; } ;;
    esac
  done < <(ldd "$file")
done
for program in "$folder"/bin/*; do
  readelf -d "$program" | grep -qF '(RPATH)' || { echo "assemble.sh: $program has no RPATH" >&2; wrong=1; }
done
glibc=$(objdump -T "$folder"/bin/* "$folder"/lib/* | grep -oE 'GLIBC_2\.[0-9]+' | sort -uV | tail -1)
cat >"$folder/README" <<EOF
carbonfront for machines with an NVIDIA GPU of compute capability 9.0 or newer, its driver (CUDA 13) and glibc ${glibc#GLIBC_} or newer.
  ./run.sh first    proves the CUDA backend here and measures it, in 280 seconds; results/ has the JSON, the table and logs
  ./run.sh second   measures more: large and hard rows, files, peers, kernels in detail; ./run.sh alone does both
  bin/carbonfront   the program
EOF
tar -czf "$folder.tar.gz" -C "$(dirname "$folder")" "$(basename "$folder")"
kilobytes=$(du -sk "$folder" | cut -f1)
echo "$folder: $kilobytes KiB, needs ${glibc}; $folder.tar.gz: $(du -k "$folder.tar.gz" | cut -f1) KiB"
[ "$(stat -c %s "$folder.tar.gz")" -lt 40000000 ] || { echo "assemble.sh: the tar file has 40 MB or more" >&2; wrong=1; }
exit $wrong
