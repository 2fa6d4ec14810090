"""Compiles the hot kernels and compares what they use with kernels/resources.txt.

usage: resources.py NVCC REPOSITORY     exits 1 on a spill, a stack frame, too many registers, or a kernel that is not there, and on
                                        any kernel that declares more shared memory than kernels/device/launch.hpp allows
"""

import pathlib
import re
import subprocess
import sys

nvcc, root = sys.argv[1], pathlib.Path(sys.argv[2])
limits = {}
for line in (root / "kernels/resources.txt").read_text().splitlines():
    if line.strip() and not line.startswith("#"):
        source, kernel, registers = line.split()
        limits.setdefault(source, {})[kernel] = int(registers)

static = re.search(r"kMostDynamicBytes = (\d+) << 10, kMostStaticBytes = (\d+) << 10", (root / "kernels/device/launch.hpp").read_text())
most_dynamic, most_static = (int(kibibytes) << 10 for kibibytes in static.groups())
assert most_dynamic + most_static <= 48 << 10, "a block has 48 KiB"

wrong = 0
for source, kernels in limits.items():
    command = [nvcc, "-std=c++20", "-arch=sm_90", "--fmad=false", "--expt-relaxed-constexpr", "--resource-usage", f"-I{root}",
               f"-I{root}/host/include", "-cubin", "-o", "/dev/null", str(root / "kernels" / source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    entries = re.findall(r"Function properties for (\S+)\s+(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill "
                         r"loads\s+ptxas info\s+: Used (\d+) registers", done.stderr)
    for kernel, smem in re.findall(r"Function properties for (\S+)\n.*\n.*Used \d+ registers.*?, (\d+) bytes smem", done.stderr):
        if int(smem) > most_static:
            print(f"{source}: {kernel}: {smem} of {most_static} bytes of shared memory - too much")
            wrong += 1
    for kernel, most in kernels.items():
        used = [tuple(map(int, entry[1:])) for entry in entries if kernel in entry[0]]
        if not used:
            print(f"{source}: {kernel} is not there")
            wrong += 1
        for stack, stores, loads, registers in used:
            bad = stack or stores or loads or registers > most
            wrong += bool(bad)
            print(f"{source}: {kernel}: {registers} of {most} registers, {stack} bytes stack, {stores + loads} bytes spilled"
                  + (" - too much" if bad else ""))
sys.exit(1 if wrong else 0)
