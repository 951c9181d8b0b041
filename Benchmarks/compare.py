#!/usr/bin/env python3
"""Times two commands in turn and prints their medians and the ratio.

    compare.py [--runs N] LABEL_A 'COMMAND A' LABEL_B 'COMMAND B'

In turn, because machines drift: each pair of runs sees the same machine. Each command is run by the shell once before
the clock starts. Output is thrown away; a command that fails ends the comparison.
"""
import argparse
import statistics
import subprocess
import sys
import time


def seconds(command: str) -> float:
    start = time.perf_counter()
    subprocess.run(["sh", "-c", "exec " + command if "|" not in command and ";" not in command else command],
                   stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("label_a")
    parser.add_argument("command_a")
    parser.add_argument("label_b")
    parser.add_argument("command_b")
    options = parser.parse_args()
    pairs = [(options.label_a, options.command_a), (options.label_b, options.command_b)]
    times: list[list[float]] = [[], []]
    for _, command in pairs:
        seconds(command)
    for _ in range(options.runs):
        for index, (_, command) in enumerate(pairs):
            times[index].append(seconds(command))
    for index, (label, _) in enumerate(pairs):
        row = times[index]
        print(f"{label:28} median {statistics.median(row) * 1000:9.1f} ms   "
              f"min {min(row) * 1000:9.1f}   max {max(row) * 1000:9.1f}")
    ratio = statistics.median(a / b for a, b in zip(*times))
    print(f"{pairs[0][0]} / {pairs[1][0]}: {ratio:.2f}")


if __name__ == "__main__":
    sys.exit(main())
