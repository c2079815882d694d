task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

say() { echo "slurm: $*"; }

if ! [[ . -ef $folder ]]; then
  say "$(hostname) does not see $folder: want the working folder, the folder of runs and the data on a file system that all nodes share"
  exit 1
fi

# What started this task again, other than an orderly stop, is the loss of its node.
stops=$(grep -sc '^slurm: told to stop' "$log")
lost=$((${SLURM_RESTART_COUNT:-0} - ${stops:-0}))
if ((lost > 1)); then
  say "this task has lost its node $lost times, and is not tried again"
  exit 1
fi

# State prints what Slurm makes of this task; RUNNING while it does not end it.
state() { squeue --noheader --jobs="$task" --format=%T; }

child= told=
# stopped_by says which signal came first.
stopped_by() {
  [[ -n $told ]] || say "told to stop by $1 at $(date +%FT%T)"
  told=yes
}

# SIGUSR1 comes to this script alone. SIGTERM comes to the program as well when Slurm ends
# the task, and a second one would end the program at once.
pass_on() { [[ -z $child ]] || pkill -TERM -P "$child"; }
trap 'stopped_by SIGUSR1; pass_on' USR1
trap 'stopped_by SIGTERM; [[ $(state) != RUNNING ]] || pass_on' TERM

# A subshell outlives the signals and keeps the exit code in a file: bash forgets the code
# of a process that ends while a signal interrupts the wait for it.
result=$(mktemp) || exit 1
trap 'rm -f "$result"' EXIT
(
  trap : TERM USR1
  "${program[@]}" "${items[@]}"
  echo $? >"$result"
) &
child=$!
[[ -z $told ]] || pass_on # a signal came before the number was known
while kill -0 "$child" 2>/dev/null; do wait "$child"; done
code=$(<"$result")
code=${code:-137} # of what was killed together with its subshell

((code <= 128)) || say "the program was ended by signal $((code - 128))"
if [[ $code == 3 || ($code -gt 128 && -n $told) ]]; then
  if [[ $(state) == RUNNING ]]; then
    stopped_by "its program"
    say "queued again: $task"
    scontrol requeue "$task"
  fi
elif ((code)) && [[ -n $stop_on_failure ]]; then
  scancel --state=PENDING --name="$SLURM_JOB_NAME" --user="$(id -un)"
fi
exit "$code"
