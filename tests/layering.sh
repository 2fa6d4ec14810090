#!/usr/bin/env bash
# Checks who includes whom, that only host/app prints or ends the program, that it prints through host/app/say.hpp alone, and
# that no name is defined twice (the one-definition rule).
# usage: layering.sh [REPOSITORY]     prints the violations; exits 1 when there are any, or when the check itself is blind
set -u
root=$(cd "${1:-$(dirname "$0")/..}" && pwd) || exit 2

# folder: the prefixes of our own headers that it may include, besides its own. `host` is the files directly in host/.
contract='carbonfront/'
common="$contract|host/(clones|csv|side_thread|text)\.hpp"
layers() {
  cat <<EOF
host/include    $contract
kernels         $contract
host/pareto     kernels/|$common
host/emissions  kernels/|$common
host/sweep      $common
host/spec       kernels/|host/emissions/|$common
host/cuda       kernels/|host/(backend|pareto/order)\.hpp|$common
host/scoring    kernels/|host/(pareto|emissions|sweep|spec)/|host/backend\.hpp|$common
host/shards     kernels/|host/(pareto|emissions|sweep|spec|scoring)/|host/(backend|placement)\.hpp|$common
host/slurm      host/(spec|scoring|shards)/|$common
host/run        kernels/|host/(pareto|emissions|sweep|spec|scoring|shards|slurm)/|host/backend\.hpp|$common
host            kernels/|host/(pareto|emissions|cuda)/|host/(backend|placement)\.hpp|$common
host/app        $contract|kernels/|host/
EOF
}

# Headers of other projects that a folder must not know.
foreign() {
  cat <<EOF
host/cuda       hdf5|CLI/|fmt/|toml\+\+|nlohmann/|cuda
kernels         hdf5|CLI/|fmt/|toml\+\+|nlohmann/|tbb/
host/pareto     hdf5|CLI/|toml\+\+|nlohmann/
host/emissions  hdf5|CLI/|toml\+\+|nlohmann/
host/spec       hdf5|CLI/
host/sweep      CLI/|toml\+\+|nlohmann/
host/scoring    CLI/|toml\+\+
host/shards     CLI/|toml\+\+
host/slurm      hdf5|CLI/|toml\+\+|nlohmann/|tbb/
host/include    hdf5|CLI/|fmt/|toml\+\+|nlohmann/|tbb/|cuda
host/run        CLI/|toml\+\+|nlohmann/
host            hdf5|CLI/|toml\+\+|nlohmann/
EOF
}

sources() {  # of one folder and, except for `host` itself, those below
  local depth=()
  [ "$1" = host ] && depth=(-maxdepth 1)
  find "$1" "${depth[@]}" -type f \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' -o -name '*.h' \) | sort
}

check_includes() {  # folder, allowed prefixes, foreign headers
  sources "$1" | while read -r file; do
    sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<])([^">]+)[">].*/\1\2/p' "$file" | while read -r header; do
      name=${header:1}
      if [[ $name =~ ^(carbonfront|kernels|host|tests|bench)/ ]]; then
        [[ $1 != host && $name =~ ^$1/ ]] && continue
        [[ $name =~ ^($2) ]] || echo "$file includes $name ($1 must not know it)"
      elif [[ $header == \"* ]]; then
        echo "$file includes \"$name\" (headers of ours are named by their path from the repository)"
      elif [[ -n $3 && $name =~ ^($3) ]]; then
        echo "$file includes <$name> ($1 must not know it)"
      elif [[ $name =~ ^(thrust|cub)/ && $file != *.cu && $file != *.cuh ]]; then
        echo "$file includes <$name> (only device code may)"
      fi
    done
  done
}

check_printing() {  # everywhere but in host/app; comments do not count
  find kernels host -type f \( -name '*.?pp' -o -name '*.cu' -o -name '*.cuh' -o -name '*.h' \) -not -path 'host/app/*' | sort |
    while read -r file; do
      sed -E 's@//.*@@' "$file" |
        grep -nE '(^|[^A-Za-z0-9_])((cout|cerr|clog|fmt::print)([^A-Za-z0-9_]|$)|v?f?printf[[:space:]]*\(|f?puts[[:space:]]*\(|putchar[[:space:]]*\(|perror[[:space:]]*\(|(_|quick_)?exit[[:space:]]*\()' |
        while IFS=: read -r line text; do echo "$file:$line prints or exits (only host/app may):$text"; done
    done
}

check_saying() {  # in host/app: what is printed elsewhere would not be escaped
  find host/app -type f -name '*.?pp' -not -name say.hpp | sort | while read -r file; do
    sed -E 's@//.*@@' "$file" |
      grep -nE '(^|[^A-Za-z0-9_])((cout|cerr|clog|fmt::print)([^A-Za-z0-9_]|$)|v?f?printf[[:space:]]*\(|f?puts[[:space:]]*\(|fwrite[[:space:]]*\(|putchar[[:space:]]*\()' |
      while IFS=: read -r line text; do echo "$file:$line prints past host/app/say.hpp (texts must be escaped):$text"; done
  done
}

# Types and constants that other files see: two of one name are one to the linker, which takes either and says nothing.
check_names() {
  find kernels host tests bench -type f \( -name '*.?pp' -o -name '*.cu' -o -name '*.cuh' -o -name '*.h' \) 2>/dev/null |
    sort | xargs awk '
      FNR == 1 { depth = 0 }
      /^namespace ([A-Za-z0-9_:]+ )?\{/ { space[depth++] = NF > 2 ? $2 "::" : "{"; next }
      /^\}  \/\/ namespace/ { --depth; next }
      !/^(inline constexpr|struct|class|union|enum) / || !match($0, /( =|[ :({]*\{)/) { next }
      {
        name = substr($0, 1, RSTART - 1)
        sub(/ final$/, "", name)
        sub(/ : .*/, "", name)
        sub(/(\[.*\])+$/, "", name)
        sub(/.*[ )*]/, "", name)
        for (i = depth; i-- > 0;) name = space[i] name
        if (name ~ /\{/) next
        if (name in first) print FILENAME " defines " name " (" first[name] " does too); rename one"
        first[name] = FILENAME
      }'
}

check() {  # prints all violations under the current folder
  layers | while read -r folder allowed; do
    [ -d "$folder" ] && check_includes "$folder" "$allowed" "$(foreign | awk -v f="$folder" '$1 == f {print $2}')"
  done
  find host -mindepth 1 -maxdepth 1 -type d | while read -r folder; do
    layers | grep -q "^$folder " || echo "$folder is in no layer (add it to tests/layering.sh)"
  done
  check_printing
  check_saying
  check_names
}

# The check must see each kind of violation, once, and nothing else.
self_check() {
  local found
  scratch=$(mktemp -d) || exit 2
  trap 'rm -rf "$scratch"' EXIT
  (
    cd "$scratch" && mkdir -p kernels host/{app,pareto,emissions,sweep,spec,scoring,cuda,other}
    echo '#include "host/text.hpp"' >kernels/a.cu
    printf '#include <hdf5.h>\n#include "kernels/b.hpp"\n#include "carbonfront/points.hpp"\n' >kernels/b.hpp
    mkdir -p host/include/carbonfront
    printf '#include "carbonfront/b.hpp"\n#include "host/text.hpp"\n' >host/include/carbonfront/a.hpp
    printf '#include "host/sweep/sweep.hpp"\n#include "kernels/b.hpp"\n#include "host/pareto/b.hpp"\n' >host/pareto/a.cpp
    printf '#include "bench/b.hpp"\n#include "host/text.hpp"\n' >host/emissions/a.cpp
    printf '#include "kernels/b.hpp"\n#include "carbonfront/points.hpp"\n#include <hdf5.h>\n' >host/sweep/a.cpp
    printf '#  include <host/sweep/sweep.hpp>\n#include "host/spec/a.hpp"\n' >host/spec/a.cpp
    printf '#include "tests/b.hpp"\n#include "host/app/commands.hpp"\n' >host/scoring/a.cpp
    printf '#include <cuda_runtime.h>\n#include "host/scoring/a.hpp"\n#include "host/pareto/order.hpp"\n' >host/cuda/a.cpp
    printf '#include "host/scoring/a.hpp"\n#include "host/cuda/a.hpp"\n' >host/backend.cpp
    printf '#include "tests/b.hpp"\n#include "host/spec/a.hpp"\nint main() { std::exit(1); say("fine here"); }\n' >host/app/main.cpp
    echo 'void say() { std::fwrite("fine here too"); fmt::print("x"); }' >host/app/say.hpp
    printf '// fmt::print("no")\nvoid f() { fmt::print("x"); }\nvoid g() { snprintf(x); std::fwrite("y"); }\n' >host/app/a.cpp
    printf '#include "b.hpp"\n#include <cub/cub.cuh>\n' >host/pareto/b.cpp
    printf 'void f() { std::cerr << 1; } // std::cout\n#include <cerrno> // printf("no")\nvoid g() { snprintf(x); fmt::print("x"); }\n' >host/sweep/b.cpp
    printf 'void f() {\n  std::exit(1); }\n' >host/spec/b.cpp
    printf 'namespace x {\nnamespace {\nstruct Own {\n};\n}  // namespace\ninline constexpr int kSame{1};\nstruct Same {\n' >kernels/c.hpp
    printf 'namespace x {\nstruct Own {\n};\ninline constexpr Type<int> kSame = 2;\n}  // namespace x\nstruct Same {\n' >kernels/d.hpp
    printf 'namespace x {\nstruct Declared;\nstruct alignas(8) Same : public Other {\n' >kernels/e.hpp
    printf 'namespace x {\nstruct Declared;\nstruct Same::Inner {\n' >kernels/f.hpp
    check >found
  )
  found=$(sed -E 's/ \(.*//; s/ prints (or exits|past).*//' "$scratch/found")
  diff <(sort <<<"$found") <(sort <<'EOF'
kernels/a.cu includes host/text.hpp
host/include/carbonfront/a.hpp includes host/text.hpp
kernels/b.hpp includes <hdf5.h>
host/pareto/a.cpp includes host/sweep/sweep.hpp
host/emissions/a.cpp includes bench/b.hpp
host/sweep/a.cpp includes kernels/b.hpp
host/spec/a.cpp includes host/sweep/sweep.hpp
host/scoring/a.cpp includes tests/b.hpp
host/scoring/a.cpp includes host/app/commands.hpp
host/cuda/a.cpp includes <cuda_runtime.h>
host/cuda/a.cpp includes host/scoring/a.hpp
host/backend.cpp includes host/scoring/a.hpp
host/app/main.cpp includes tests/b.hpp
host/pareto/b.cpp includes "b.hpp"
host/pareto/b.cpp includes <cub/cub.cuh>
host/other is in no layer
host/sweep/b.cpp:1
host/sweep/b.cpp:3
host/spec/b.cpp:2
host/app/a.cpp:2
host/app/a.cpp:3
kernels/d.hpp defines x::kSame
kernels/e.hpp defines x::Same
EOF
  ) || { echo "the check itself is wrong: it finds '<', it must find '>'"; exit 1; }
}

self_check
cd "$root" || exit 2
[ -n "$(sources host/app)" ] || { echo "no sources under $root"; exit 1; }
violations=$(check)
[ -z "$violations" ] || { echo "$violations"; exit 1; }
echo "layers hold: $(find kernels host -name '*.?pp' -o -name '*.cu' | wc -l) sources"
