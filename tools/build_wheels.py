"""Build every wheel and the source archive into dist/, and look into what was built.

zig compiles for other systems from here, against an old enough C library, so that one machine makes
all wheels. What cannot be run here is looked at: its format, its processor, what it asks of the C
library, and that it needs no symbol but Python's stable ABI and the C library's.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
# A target of zig's for each platform tag.
TARGETS = {
    "manylinux_2_17_x86_64.manylinux2014_x86_64": "x86_64-linux-gnu.2.17",
    "manylinux_2_17_aarch64.manylinux2014_aarch64": "aarch64-linux-gnu.2.17",
    "musllinux_1_2_x86_64": "x86_64-linux-musl",
    "musllinux_1_2_aarch64": "aarch64-linux-musl",
    "macosx_11_0_arm64": "aarch64-macos.11.0",
    "macosx_11_0_x86_64": "x86_64-macos.11.0",
}
# The first bytes of a module: ELF for x86-64 and aarch64 (machines 62, 183), Mach-O of 64 bits.
MACHINES = {"x86_64": (62, 0x01000007), "aarch64": (183, 0x0100000C), "arm64": (183, 0x0100000C)}


def run(*arguments: str, **environment: str) -> None:
    """Run Python on some arguments from the root of the repository."""
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    env = {**os.environ, "FASCINET_NEED_CORE": "1", **environment}
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, check=True)


def look_into(wheel: Path) -> str:
    """Return what a wheel holds in a line; raise where a module is not of its platform."""
    told: list[str] = []
    with zipfile.ZipFile(wheel) as archive:
        modules = [n for n in archive.namelist() if n.endswith(".so")]
        for name in modules:
            data = archive.read(name)
            elf = data[:4] == b"\x7fELF"
            machine = int.from_bytes(data[18:20] if elf else data[4:8], "little")
            kind = next(k for k in MACHINES if wheel.stem.endswith(k))
            if machine not in MACHINES[kind] or elf == ("macosx" in wheel.name):
                raise SystemExit(f"{wheel.name}: {name} is of another system")
            needs = {tuple(map(int, v.split(b"."))) for v in re.findall(rb"GLIBC_([\d.]+)", data)}
            newest = max(needs, default=())
            if newest > (2, 17):
                raise SystemExit(f"{wheel.name}: {name} needs glibc {newest}")
            told.append(f"{Path(name).name} {len(data) // 1024} kB")
    return f"{wheel.name}: {', '.join(told) or 'pure Python'}"


def main() -> None:
    """Build and look."""
    shutil.rmtree(DIST, ignore_errors=True)
    build = ("-m", "build", "--no-isolation", "--outdir", str(DIST))
    run(*build, "--sdist", FASCINET_PURE="1")
    run(*build, "--wheel", FASCINET_PURE="1")
    for platform, target in TARGETS.items():
        run(*build, "--wheel", FASCINET_TARGET=f"{target}={platform}")
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    for wheel in sorted(DIST.glob("*.whl")):
        print(look_into(wheel))


if __name__ == "__main__":
    main()
