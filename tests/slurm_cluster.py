#!/usr/bin/env python3
"""A Slurm of one's own on this host: two nodes of four CPUs, on loopback, in a private folder; no systemd, nothing kept.

usage: slurm_cluster.py [COMMAND...]     runs COMMAND (default: an interactive bash) with that Slurm, then stops it

Needs Debian's slurm-wlm and munge. As root the daemons and jobs run as root.
"""
import atexit
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NODES = ("n1", "n2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

# What a daemon logs where the machine does not let it come up, and what that means.
KNOWN_CAUSES = (
    (r"cgroup filesystem not mounted|No filesystem mounted on /sys/fs/cgroup|Unknown filesystem type mounted on /sys/fs/cgroup"
     r"|can't stat /sys/fs/cgroup",
     "there is no cgroup file system, as in a plain chroot; bind the host's /sys/fs/cgroup"),
    (r"Hybrid mode is not supported",
     "cgroups of version 1 and 2 are mounted side by side, which this slurmd does not take; boot with systemd.unified_cgroup_hierarchy=1"),
    (r"cgroup namespace '\S*' not mounted|cannot read /proc/self/cgroup|cgroup controller is not available"
     r"|Unable to initialize cgroup plugin|[Cc]annot (setup|initialize) the cgroup|Cannot abandon cgroup scope",
     "slurmd may not use the cgroups that are here, as in a container; give it its own, writable"),
)


class NotUp(Exception):
    """A daemon does not come up. `cause`: what it is about the machine, or None where that is not known."""

    def __init__(self, complaint, logs):
        self.cause = next((meaning for pattern, meaning in KNOWN_CAUSES if re.search(pattern, logs)), None)
        super().__init__(f"{complaint} ({self.cause or 'for a reason that is not known here'}); the daemons' last lines:\n{logs}")


def missing_programs():
    return [name for name in PROGRAMS if not shutil.which(name, path=search_path())]


def search_path():
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def configuration(folder, host, ports):
    user = pwd.getpwuid(os.getuid()).pw_name
    return f"""ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=6
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
DefMemPerCPU=256
KillWait=20
JobRequeue=1
ReturnToService=2
SlurmdTimeout=60
MinJobAge=300
GresTypes=gpu
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=4 RealMemory=4096 Gres=gpu:2 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=4 RealMemory=4096 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """The daemons are children in the foreground: they end with this process, however it ends."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="carbonfront-slurm-"))
        self.daemons = {}
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphaned job steps come to us, to be ended
        atexit.register(self.stop)
        for end in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(end, lambda number, _: sys.exit(128 + number))
        host = socket.gethostname().split(".")[0]
        for name in ("state", "spool-n1", "spool-n2"):
            (self.folder / name).mkdir()
        (self.folder / "slurm.conf").write_text(configuration(self.folder, host, free_ports(3)))
        (self.folder / "gres.conf").write_text("".join(  # devices that stand for GPUs, which no job opens
            f"NodeName={node} Name=gpu Flags=nvidia_gpu_env File={device}\n" for node in NODES for device in ("/dev/null", "/dev/zero")))
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        (self.folder / "munge.key").chmod(0o400)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH"))}
        self.environment.update(PATH=search_path(), SLURM_CONF=str(self.folder / "slurm.conf"))

    def daemon(self, name, *command):
        with open(self.folder / f"{name}.out", "ab") as log:
            self.daemons[name] = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                start_new_session=True, preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))

    def start_node(self, node):
        self.daemon(node, "slurmd", "-D", "-N", node)

    def start(self):
        """Throws NotUp."""
        f = self.folder
        self.daemon("munged", "munged", "--force", "--foreground", f"--key-file={f}/munge.key", f"--socket={f}/munge.socket",
                    f"--pid-file={f}/munged.pid", f"--log-file={f}/munged.log", f"--seed-file={f}/munge.seed")
        self.wait_until_up(lambda: (f / "munge.socket").exists(), "munged does not start")
        self.daemon("slurmctld", "slurmctld", "-D", "-c")
        for node in NODES:
            self.start_node(node)
        self.wait_until_up(lambda: self.idle_nodes() == len(NODES), "the nodes do not come up")
        return self

    def wait_until_up(self, holds, complaint):
        ended = lambda: [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
        try:
            wait_until(lambda: holds() or ended(), complaint, 30)
        except TimeoutError:
            raise NotUp(complaint, self.logs(25)) from None
        if ended():
            raise NotUp(f"{complaint}: {', '.join(ended())} ended", self.logs(25))

    def idle_nodes(self):
        states = self.run("sinfo", "--noheader", "--Node", "--format=%T")
        return states.stdout.split().count("idle") if states.returncode == 0 else 0

    def run(self, *command, **options):
        return subprocess.run([str(word) for word in command], env=self.environment, text=True, capture_output=True, **options)

    def condition(self):
        """What the queue, the nodes and the daemons say, for a complaint."""
        said = [self.run(*command).stdout for command in
                (("squeue", "--array", "--states=all", "--format=%.9i %.9T %.9r %S %j"), ("sinfo", "--Node", "--long"), ("sinfo", "--list-reasons"))]
        return "\n".join(said) + "\n" + self.logs(40)

    def logs(self, lines):
        """The last lines that each daemon logged, which in the foreground it prints, too."""
        texts = ((log.stem, log.read_text(errors="replace").splitlines()[-lines:]) for log in sorted(self.folder.glob("*.out")))
        return "\n".join(f"{name}:\n  " + "\n  ".join(last) for name, last in texts)

    def children(self):
        """Process ids of all that descends from us."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                except (OSError, IndexError):
                    pass  # it has ended
        found, level = [], {os.getpid()}
        while level:
            level = {child for child, parent in parents.items() if parent in level}
            found += level
        return found

    def stop(self):
        if not self.folder.exists():
            return
        if "slurmctld" in self.daemons:
            self.run("scancel", "--quiet", "--signal=KILL", "--user", pwd.getpwuid(os.getuid()).pw_name)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for child in self.children():
                try:
                    os.kill(child, number)
                except ProcessLookupError:
                    pass
            deadline = time.monotonic() + 3
            while self.children() and time.monotonic() < deadline:
                try:
                    os.waitpid(-1, os.WNOHANG)
                except ChildProcessError:
                    break
                time.sleep(0.02)
        for daemon in self.daemons.values():
            daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_until(holds, complaint, seconds=20, pause=0.05):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint if isinstance(complaint, str) else complaint())
        time.sleep(pause)


def main():
    lacking = missing_programs()
    if lacking:
        sys.exit(f"slurm_cluster.py: there is no {', '.join(lacking)} (Slurm is not installed); "
                 "apt-get install --no-install-recommends slurm-wlm munge")
    try:
        cluster = Cluster().start()
    except NotUp as error:
        sys.exit(f"slurm_cluster.py: {error}")
    print("slurm_cluster.py: two nodes are up; leave this shell to stop them", file=sys.stderr)
    return subprocess.run(sys.argv[1:] or ["bash"], env=cluster.environment).returncode


if __name__ == "__main__":
    sys.exit(main())
