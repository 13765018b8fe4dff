"""Where the programs of a bundle (tests/fuzz/bundle) run: what fuzz and threads have in common."""
import os
import pathlib
import platform
import re


def link_libraries(folder):
    """The programs find loader and libraries through this link; tests/fuzz/bundle says why."""
    libraries = pathlib.Path("/tmp/rattan-fuzz-lib")
    libraries.unlink(missing_ok=True)
    libraries.symlink_to(folder / "lib")


def commit(folder):
    file = folder / "commit"
    return file.read_text().strip() if file.exists() else "unknown"


def machine():
    try:
        names = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} CPUs"
