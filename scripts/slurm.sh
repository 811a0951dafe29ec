#!/bin/sh
# A Slurm of one node on loopback, for tests: slurm.sh up DIR | down DIR | kill DIR | start DIR
# Root, without systemd, control groups or accounting; jobs that exceed their memory are killed by Slurm itself. `kill` ends the
# controller as a crash does, `start` begins it again. Then SLURM_CONF=DIR/slurm.conf.
set -eu

say() { printf 'slurm: %s\n' "$*" >&2; }
command=${1:-} dir=${2:-}
[ -n "$command" ] && [ -n "$dir" ] || { say 'usage: slurm.sh up|down|kill|start DIR'; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
export SLURM_CONF="$dir/slurm.conf"

# A port that nobody listens on: port FIRST
port() { python3 - "$1" <<'PYTHON'
import socket, sys
for port in range(int(sys.argv[1]), 65536):
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", port)):
            print(port)
            break
PYTHON
}

configure() {
    host=$(hostname -s)
    cat > "$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmctldPort=$(port 16817)
SlurmdPort=$(port 17817)
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0
MinJobAge=300
ReturnToService=2
KillWait=2
Waittime=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) / 1024 - 512)) State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
stop() { ! alive "$1" || kill "-${2:-TERM}" "$(cat "$1")"; }
wait_for_node() {
    tries=0
    until sinfo --noheader --format=%T 2>/dev/null | grep -qE 'idle|mixed|allocated'; do
        tries=$((tries + 1))
        [ $tries -lt 120 ] || { say "the node does not come up; see $dir/slurmctld.log and $dir/slurmd.log"; exit 1; }
        sleep 0.25
    done
}

case $command in
up)
    for program in munged slurmctld slurmd sbatch squeue scancel; do
        command -v $program >/dev/null || { say "there is no $program; on Debian: apt-get install slurm-wlm munge"; exit 1; }
    done
    mkdir -p "$dir/state" "$dir/spool" "$dir/munge"
    chmod 755 "$dir" "$dir/munge"
    (umask 077; head -c 128 /dev/urandom > "$dir/munge/key")
    munged --key-file="$dir/munge/key" --socket="$dir/munge/socket" --pid-file="$dir/munge/pid" \
        --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" --force 2>/dev/null
    configure
    slurmctld -f "$SLURM_CONF" -c
    slurmd -f "$SLURM_CONF"
    wait_for_node
    ;;
kill) stop "$dir/slurmctld.pid" KILL ;;
start)
    slurmctld -f "$SLURM_CONF"
    wait_for_node
    ;;
down)
    for pid in slurmd.pid slurmctld.pid munge/pid; do stop "$dir/$pid"; done
    ;;
*) say "what is $command?"; exit 2 ;;
esac
