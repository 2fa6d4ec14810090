#pragma once
// The fixed text of the batch scripts.

namespace carbonfront {

/// Formatted with: program, sweep, result, folder, shards, backend, restarts, tasks at once, overwrite.
inline constexpr const char* kSettings =
    R"bash(# What the jobs of this folder work on. Written by carbonfront slurm; edit it before submit.sh.
program={}
sweep=({})
result={}
folder={}   # where the program runs: relative paths in spec.toml, of catalogues, count from it
shards={}
backend={}
most_restarts={}   # of a task that stops before its time limit and goes on from its checkpoint
most_at_once={}    # tasks of an array; 0: as many as Slurm lets run
{}   # --force: the merge replaces a result that is there

parts=()
for ((k = 0; k < shards; ++k)); do parts+=("$result.part-$k-of-$shards"); done
)bash";

inline constexpr const char* kTask =
    R"bash(# What the batch scripts have in common. They run in this folder; tasks write into RESULT's folder and logs/.
. ./settings.sh

# Slurm's memory (SLURM_MEM_PER_NODE or _PER_CPU) and GPU (CUDA_VISIBLE_DEVICES) reach the program as they are; the number of
# CPUs is there only if it was asked for. No scratch is used: see README.
export SLURM_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}

job=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}
say() { echo "$(date '+%F %T') $name, $(hostname), job $job, restart ${SLURM_RESTART_COUNT:-0}: $*" >&2; }

# run_task NAME FILE COMMAND...: runs the program on a task that writes FILE, passes signals on to it, and records its exit code
# in status/JOB.NAME. A task that was stopped before its time limit has kept a checkpoint: it is put back into the queue, and
# goes on from there; unless the checkpoint is the one it began with, since then it would get no further next time either.
run_task() {
  name=$1
  local checkpoint=$2.checkpoint kept
  shift 2
  kept=$(stat -c '%i %y' -- "$checkpoint" 2>/dev/null)
  local status=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}.$name
  rm -f "status/$status"
  say "starts${CUDA_VISIBLE_DEVICES:+ on GPU $CUDA_VISIBLE_DEVICES}"
  local process= signalled code=127 got
  trap 'signalled=1; [ -z "$process" ] || kill -USR1 "$process"' USR1
  trap 'signalled=1; [ -z "$process" ] || kill -TERM "$process"' TERM
  { cd "$folder" || exit 2; exec "$@"; } &
  process=$!
  while true; do
    signalled=
    wait "$process"
    got=$?
    [ "$got" = 127 ] || [ "$got" = -1 ] || code=$got  # what bash says when it has told of the end before
    [ -n "$signalled" ] || break  # a signal ends `wait`, not the program
  done
  if [ "$code" = 7 ] || [ "$code" = 138 ]; then  # --time-limit, or SIGUSR1 before Slurm's limit
    if [ "$(stat -c '%i %y' -- "$checkpoint" 2>/dev/null)" = "$kept" ]; then
      say "got no further than it began, so it is not put back into the queue; raise its time limit, or take more shards"
    elif [ "${SLURM_RESTART_COUNT:-0}" -lt "$most_restarts" ]; then
      say "stopped with a checkpoint; goes on when the queue lets it"
      scontrol requeue "$job" && exit "$code"
      say "cannot be requeued; run submit.sh --missing"
    else
      say "stopped with a checkpoint for the ${most_restarts}th time; raise most_restarts in settings.sh, or the time limit"
    fi
  fi
  say "ends with code $code"
  echo "$code" >"status/.$status.$$" && mv "status/.$status.$$" "status/$status"
  exit "$code"
}
)bash";

inline constexpr const char* kScore = R"bash(#!/bin/bash
# Scores one share of the sweep a task: task K writes RESULT.part-K-of-N, going on from its checkpoint if there is one.
# A part that is there is not computed again.
#SBATCH

. ./task.sh
run_task "score-$SLURM_ARRAY_TASK_ID" "${parts[SLURM_ARRAY_TASK_ID]}" "$program" score "${sweep[@]}" --spec "$PWD/spec.toml" -o "$result" \
  --shard "$SLURM_ARRAY_TASK_ID/$shards" --backend "$backend"
)bash";

inline constexpr const char* kCount = R"bash(#!/bin/bash
# Counts for one share's rows a task, against all parts: task K writes RESULT.part-K-of-N.counts.
#SBATCH

. ./task.sh
run_task "count-$SLURM_ARRAY_TASK_ID" "${parts[SLURM_ARRAY_TASK_ID]}.counts" "$program" count "${parts[@]}" --sweep "${sweep[@]}" \
  --shard "$SLURM_ARRAY_TASK_ID/$shards" --backend "$backend"
)bash";

inline constexpr const char* kMerge = R"bash(#!/bin/bash
# Merges all parts into RESULT, the bytes of a single run. The summary is in logs/merge.log.
#SBATCH

. ./task.sh
[ "${SLURM_RESTART_COUNT:-0}" = 0 ] || overwrite=--force  # a merge that was requeued may find its own result
run_task merge "$result" "$program" merge "${parts[@]}" --sweep "${sweep[@]}" -o "$result" --backend "$backend" $overwrite "$@"
)bash";

inline constexpr const char* kSubmitBegin = R"bash(#!/bin/bash
# Submits the jobs of this folder:
)bash";

inline constexpr const char* kSubmitBody = R"bash(#
# usage: submit.sh [--missing] [--force]
#   --missing   submits only shards without a usable part, or without counts; the jobs submitted before must have ended
#   --force     submits though jobs were submitted before, ended or not, or though the result is there
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
. ./settings.sh
refuse() { echo "submit.sh: $*" >&2; exit 2; }

missing= force=
for word; do
  case $word in
    --missing) missing=1 ;;
    --force) force=1 ;;
    *) refuse "unknown argument ${word@Q} (there are --missing and --force); see the beginning of this file" ;;
  esac
done
if [ -e "$result" ] && [ -z "$force$overwrite" ]; then
  refuse "${result@Q} exists (an existing output is never overwritten silently); move it, or add --force"
fi
if [ -e jobs ] && [ -z "$force" ]; then
  before=$(cut -d ' ' -f 2 jobs | paste -s -d ,)
  [ -n "$missing" ] ||
    refuse "jobs $before were submitted before (they write the same files); add --missing for what they left, or --force"
  queued=$(squeue --noheader --format %i --jobs "$before" 2>&1) || [[ $queued == *'Invalid job id'* ]] ||
    refuse "cannot tell whether jobs $before have ended (squeue: $queued); try again, or add --force"
  [[ -z $queued || $queued == *'Invalid job id'* ]] ||
    refuse "jobs $before have not all ended (two tasks would do the same share); wait, or scancel them"
  rm -f jobs
fi
[ -z "$force" ] || rm -f jobs
(set -o noclobber && : >jobs) 2>/dev/null || refuse "another submit.sh is at work here (there is a file 'jobs'); see squeue"
mkdir -p logs status
rm -f status/*

throttle=
[ "$most_at_once" = 0 ] || throttle=%$most_at_once
submitted=()
after=
submit() {  # job, array tasks or nothing, arguments of its script: once the job submitted before has succeeded
  local job=$1 tasks=$2 options=() id
  shift 2
  [ -z "$tasks" ] || options+=(--array="$tasks$throttle")
  # Slurm replaces %a and the like in the name of the folder as well.
  [[ $PWD != *%* ]] || options+=(--output="${PWD//%/%%}/logs/$job${tasks:+-%a}.log")
  [ -z "$after" ] || options+=(--dependency="afterok:$after" --kill-on-invalid-dep=yes)
  if ! id=$(sbatch --parsable "${options[@]}" "$job.sh" "$@"); then
    [ ${#submitted[@]} = 0 ] || scancel "${submitted[@]}"
    rm -f jobs
    refuse "sbatch did not take $job.sh (its reason is above); nothing is left in the queue"
  fi
  id=${id%%;*}
  submitted+=("$id")
  echo "$job $id" >>jobs
  echo "$job: job $id${tasks:+, tasks $tasks}${after:+, after $after}"
  after=$id
}

)bash";

inline constexpr const char* kSubmitScore =
    R"bash(not_scored() {  # shards without a usable part, as --array takes them; what cannot be used is removed
  local present=() part range ranges tasks k
  for part in "${parts[@]}"; do [ ! -e "$part" ] || present+=("$part"); done
  if [ ${#present[@]} = 0 ]; then
    echo "0-$((shards - 1))"
    return
  fi
  tasks=$("$program" merge "${present[@]}" --print-missing)
  IFS=, read -ra ranges <<<"$tasks"
  for range in "${ranges[@]}"; do
    for ((k = ${range%-*}; k <= ${range#*-}; ++k)); do rm -f "${parts[k]}"; done
  done
  echo "$tasks"
}
tasks=0-$((shards - 1))
[ -z "$missing" ] || tasks=$(not_scored)
[ -z "$tasks" ] || submit score "$tasks"

)bash";

inline constexpr const char* kSubmitCount = R"bash(not_counted() {  # the same for counts
  local found=() k
  for ((k = 0; k < shards; ++k)); do
    "$program" inspect "${parts[k]}.counts" >/dev/null 2>&1 || { rm -f "${parts[k]}.counts" && found+=("$k"); }
  done
  (IFS=, && echo "${found[*]}")
}
tasks=0-$((shards - 1))
[ -z "$missing" ] || tasks=$(not_counted)
[ -z "$tasks" ] || submit count "$tasks"

)bash";

inline constexpr const char* kSubmitMerge = R"bash(submit merge "" ${force:+--force}
)bash";

}  // namespace carbonfront
