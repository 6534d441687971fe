"""Compile the core, where there is a compiler, and lay out the shipped knowledge for a quick start.

Everything else about the package stands in pyproject.toml. Without a compiler fascinet runs in
NumPy, and where the knowledge is not laid out it reads the YAML files, seconds more slowly.
The compiler is $CXX, the system's, or `python -m ziglang cc` (the wheel `ziglang` from PyPI, which
needs nothing else installed).
A compiler that fails is only a warning, unless FASCINET_NEED_CORE is set. FASCINET_CHECKED=1 adds
the build with bounds checks and sanitizers that `make sanitize` runs; FASCINET_PURE=1 leaves the
core out. FASCINET_TARGET builds for another system by zig (see tools/build_wheels.py): a target of
zig's and the platform tag of the wheel, as in "aarch64-linux-gnu.2.17=manylinux_2_17_aarch64".
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

CORE = Path("engine/core")
# Vectors are written as such and a fused multiply-add only where it is asked for, so that every
# build gives the same numbers. Nothing of C++'s library is linked, so nothing throws.
FLAGS = [
    "-std=c++17", "-O3", "-fopenmp-simd", "-ffp-contract=off", "-fno-exceptions", "-fno-rtti",
    "-fno-math-errno", "-fno-threadsafe-statics", "-fvisibility=hidden", "-Wall", "-Wextra",
    "-Wno-psabi", "-Wno-missing-field-initializers",
]  # fmt: skip
CHECKED = [
    "-O1", "-g", "-fno-omit-frame-pointer", "-DCORE_CHECKED", "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
]  # fmt: skip


ZIG = [sys.executable, "-m", "ziglang", "cc"]  # not c++, which would build C++'s library first


TARGET, _, PLATFORM = os.environ.get("FASCINET_TARGET", "").partition("=")


def build(name: str, *flags: str, link: tuple[str, ...] = ()) -> Extension:
    """Return one build of the core."""
    return Extension(
        f"fascinet.engine.core.{name}",
        [str(CORE / "module.cpp")],
        depends=[str(p) for p in sorted(CORE.glob("*.h"))],
        define_macros=[("CORE_MODULE", name), ("Py_LIMITED_API", "0x030B0000")],
        extra_compile_args=[*FLAGS, *flags],
        extra_link_args=list(link),
        language="c",  # for the linker, which is not to add C++'s library
        py_limited_api=True,
        optional=not os.environ.get("FASCINET_NEED_CORE"),
    )


def builds() -> list[Extension]:
    """Return the builds for this machine's kind of processor."""
    if os.environ.get("FASCINET_PURE"):
        return []
    made = [build("_core")]
    machine = TARGET.partition("-")[0] or platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        made.append(build("_core_v3", "-march=" + ("x86_64_v3" if by_zig() else "x86-64-v3")))
    if os.environ.get("FASCINET_CHECKED"):
        made.append(build("_core_checked", *CHECKED, link=("-fsanitize=address,undefined",)))
    return made


def compiler() -> list[str] | None:
    """Return the command of the C++ compiler to use."""
    if TARGET:
        return [*ZIG, "-target", TARGET]
    if os.environ.get("CXX"):
        return shlex.split(os.environ["CXX"])
    for name in ("c++", "g++", "clang++"):
        if shutil.which(name):
            return [name]
    return ZIG if find_spec("ziglang") else None


def by_zig() -> bool:
    """Whether the compiler is zig, which names processors in its own way."""
    return "ziglang" in (compiler() or ())


class BuildCore(build_ext):
    """Compiles each build in a folder of its own, by whichever compiler there is."""

    def build_extensions(self) -> None:
        """Set the compiler, or do nothing without one."""
        command = compiler()
        if command is None:
            print("fascinet: no C++ compiler and no ziglang, so the core is not compiled")
            self.extensions = []
        elif sys.platform != "win32":
            if "macos" in TARGET:
                shared = ["-shared", "-undefined", "dynamic_lookup"]
            elif sys.platform == "darwin" and not TARGET:
                shared = ["-bundle", "-undefined", "dynamic_lookup"]
            else:
                shared = ["-shared", "-Wl,--as-needed", *(["-s"] if TARGET else [])]
            self.compiler.set_executables(
                compiler_so=[*command, "-fPIC"],
                compiler_so_cxx=[*command, "-fPIC"],
                linker_so=[*command, *shared],
            )
        super().build_extensions()

    def copy_extensions_to_source(self) -> None:
        """Replace modules instead of writing over them, which would crash who has them loaded."""
        for ext in self.extensions:
            (CORE / Path(self.get_ext_filename(ext.name)).name).unlink(missing_ok=True)
        super().copy_extensions_to_source()

    def build_extension(self, ext: Extension) -> None:
        """Keep the objects of one build apart from another's: they have one source."""
        shared, self.build_temp = self.build_temp, str(Path(self.build_temp) / ext.name)
        try:
            super().build_extension(ext)
        finally:
            self.build_temp = shared


LAY_OUT = """
import sys, types
for name, folder in (("fascinet", "src/fascinet"), ("fascinet.model", "model")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
from pathlib import Path
from fascinet.model.prebuild import prebuild
prebuild(Path(sys.argv[1]))
"""


class BuildKnowledge(build_py):
    """Lays out the knowledge in the wheel, or for an editable install beside its sources."""

    def run(self) -> None:
        """Copy the files, then read the knowledge with the code beside this file."""
        super().run()
        data = "data" if self.editable_mode else str(Path(self.build_lib, "fascinet", "data"))
        subprocess.run([sys.executable, "-c", LAY_OUT, data], check=True)


class TaggedWheel(bdist_wheel):
    """One wheel serves every Python from 3.11 on."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return cp311-abi3 where the core was compiled."""
        python, abi, where = super().get_tag()
        return ("cp311", "abi3", PLATFORM or where) if abi != "none" else (python, abi, where)


setup(
    ext_modules=builds(),
    cmdclass={"build_ext": BuildCore, "build_py": BuildKnowledge, "bdist_wheel": TaggedWheel},
)
