"""Compiled kernels without importing Numba: its machine code is kept and linked by llvmlite.

To import Numba and to revive its cached functions costs over a second, more than most questions
take. So the first process that compiles a kernel keeps the object code, and later ones link it
with llvmlite alone and call it through the wrapper that Numba wrote for Python. A process that
has Numba at hand uses Numba; so does a call whose argument types are new, and any system on which
a symbol of the object code cannot be found.

    kernel = njit(cache=True)(function)      as Numba's decorator, which it stands in for
"""

# pyright: basic
import ctypes
import pickle
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any
from zlib import crc32

import numpy as np

from fascinet.engine.elf import undefined_symbols
from fascinet.model.disk_cache import keep, kept

STORE = "kernels"
EXTENSIONS = ("_helperlib", "_dynfunc", "core/runtime/_nrt_python")
SUFFIXED = [(name, EXTENSION_SUFFIXES[-1]) for name in EXTENSIONS]
C_ORDER, F_ORDER, TELLING = 0x0001, 0x0002, 0x0503  # flags: both orders, aligned, writeable
Signature = tuple[Any, ...]


@dataclass(frozen=True)
class ObjectCode:
    """One compiled kernel for one signature.

    Attributes
    ----------
    code : bytes
        A relocatable object file with all that it calls.
    wrapper : str
        Symbol of the entry that takes Python objects.
    environments : tuple of (str, tuple)
        Symbol and constants of each of Numba's environments; the kernel's own comes first.
    """

    code: bytes
    wrapper: str
    environments: tuple[tuple[str, tuple[Any, ...]], ...]


class Kernel:
    """A function that runs compiled: by kept machine code if there is any, else by Numba."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.py_func, self.targetoptions = function, options
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.__module__, self.__name__ = function.__module__, function.__name__
        self.__doc__ = function.__doc__
        self._linked: dict[Signature, Callable[..., Any] | None] = {}
        self._numba: Any = None
        self._met = 0

    def __call__(self, *args: Any) -> Any:
        """Call the kernel."""
        if self._numba is not None:
            result = self._numba(*args)
            if len(self._numba.overloads) != self._met:
                self._keep(args)
            return result
        key = tuple([signature(a) for a in args])
        if key not in self._linked:
            self._linked[key] = self._find(key)
        run = self._linked[key]
        if run is None:
            result = self.dispatcher(*args)
            self._keep(args)
            return result
        return run(*args)

    def bound(self, *args: Any) -> Callable[..., Any]:
        """Return what runs for arguments of such types, so that repeated calls need not ask."""
        if self._numba is None:
            key = tuple([signature(a) for a in args])
            if key not in self._linked:
                self._linked[key] = self._find(key)
            run = self._linked[key]
            if run is not None:
                return run
        return self

    @property
    def dispatcher(self) -> Any:
        """Numba's own dispatcher of the function."""
        if self._numba is None:
            from fascinet.engine.kernel_cache import njit

            names = self.py_func.__globals__
            names |= {k: v.real for k, v in names.items() if isinstance(v, Later)}
            self._numba = njit(**self.targetoptions)(self.py_func)
        return self._numba

    @property
    def _numba_type_(self) -> Any:
        """What Numba takes the kernel for where another kernel calls it."""
        return self.dispatcher._numba_type_

    def __reduce__(self) -> str:
        """Return the kernel's name in its module: kernels are pickled as functions are."""
        return self.__name__

    def _find(self, key: Signature) -> Callable[..., Any] | None:
        """Return the kept machine code, linked; None if there is none, or Numba is at hand."""
        if "numba" in sys.modules:
            return None
        found = stored().get((self.name, key))
        return None if found is None else link(found, self.__name__)

    def _keep(self, args: tuple[Any, ...]) -> None:
        """Keep what Numba compiled for such arguments; on any trouble, keep nothing."""
        self._met = len(self._numba.overloads)
        name = self.name, tuple([signature(a) for a in args])
        if name in stored():
            return
        try:
            made = object_code(self._numba, args)
        except Exception:
            return
        if made is not None:
            stored()[name] = made
            keep(store_name(), stored())


@dataclass(frozen=True)
class Later:
    """A name of a module that imports Numba: kept code does without, a compilation gets it.

    Attributes
    ----------
    module, name : str
    """

    module: str
    name: str

    @property
    def real(self) -> Any:
        """What the name stands for."""
        return getattr(import_module(self.module), self.name)

    @property
    def py_func(self) -> Any:
        """The function behind it, for the digest of all that a kernel calls."""
        return self.real._defn


def later(module: str, names: str) -> Iterable[Any]:
    """Return stand-ins for a module's names, for kernels to call."""
    return [Later(module, name) for name in names.split()]


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that makes a kernel; the options are those of `numba.njit`."""
    return lambda function: Kernel(function, options)


def signature(value: Any) -> Any:
    """Return what the compiled code depends on: a type's name, or an array's dtype and layout.

    >>> signature((1.5, 2))
    ('float', 'int')
    """
    if type(value) is np.ndarray:
        flags = value.flags.num & TELLING
        return value.dtype.str, value.ndim, flags & ~F_ORDER if flags & C_ORDER else flags
    if type(value) is tuple:
        return tuple([signature(x) for x in value])
    return type(value).__name__


# -------------------------------------------------------------------- the store


def store_name() -> str:
    """Return the name of the kept file: another for another processor or another Numba."""
    from llvmlite import __version__ as llvm
    from llvmlite import binding

    files = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in extension_files()]
    cpu = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    return f"{STORE}-{crc32(repr((llvm, cpu, files)).encode()):x}"


@lru_cache(maxsize=1)
def stored() -> dict[tuple[str, Signature], ObjectCode]:
    """Return the machine code that earlier processes kept."""
    try:
        found = kept(store_name())
    except (ImportError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def object_code(dispatcher: Any, args: tuple[Any, ...]) -> ObjectCode | None:
    """Return the machine code that a dispatcher runs for such arguments, from Numba's cache."""
    sig = tuple(dispatcher.typeof_pyval(a) for a in args)
    cache = dispatcher._cache
    data = cache._cache_file.load(cache._index_key(sig, dispatcher.targetctx.codegen()))
    if data is None:
        return None
    library, fndesc, own, *_, others = data
    _, kind, (code, _) = library
    if kind != "object":
        return None
    environments = {own.env_name: tuple(own.consts)}
    environments |= {e.env_name: tuple(e.consts) for e in others if e.consts}
    return ObjectCode(code, fndesc.llvm_cpython_wrapper_name, tuple(environments.items()))


# -------------------------------------------------------------------- linking

_lock = Lock()


def link(kernel: ObjectCode, name: str) -> Callable[..., Any] | None:
    """Return the kernel as a function; None if a symbol of its code is unknown."""
    from llvmlite import binding

    with _lock:
        try:
            linker = make_linker()
            if not all(map(is_known, undefined_symbols(kernel.code))):
                return None
            linker.engine.add_object_file(binding.ObjectFileRef.from_data(kernel.code))
            linker.engine.finalize_object()
            environments = [linker.environment(*e) for e in kernel.environments]
            address = linker.engine.get_function_address(kernel.wrapper)
        except (ImportError, OSError, RuntimeError, ValueError):
            return None
    if not address:
        return None
    module = sys.modules[__name__]
    return linker.make_function(module, name, "", address, environments[0], environments)


@dataclass(frozen=True)
class Linker:
    """What links object code: LLVM's engine, and Numba's C helpers without Numba."""

    engine: Any
    helpers: ModuleType

    @property
    def make_function(self) -> Callable[..., Any]:
        """Make a Python function of a wrapper's address."""
        return self.helpers.make_function

    def environment(self, symbol: str, constants: Iterable[Any]) -> Any:
        """Return the environment of a symbol, which the code finds from now on."""
        made = self.helpers.Environment({})
        made.consts.extend(constants)
        address = self.engine.get_global_value_address(symbol)
        if address:
            ctypes.c_void_p.from_address(address).value = id(made)
        return made


@lru_cache(maxsize=1)
def make_linker() -> Linker:
    """Return the linker, the symbols of Numba's run time made known to LLVM."""
    import builtins

    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    helpers, environments, runtime = (load_extension(path) for path in extension_files())
    for table in (helpers.c_helpers, environments.c_helpers):
        for name, address in table.items():
            binding.add_symbol(f"numba_{name}", address)
    for name, address in runtime.c_helpers.items():
        binding.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
    # in this code a name of Python's stands for the object itself, not for a pointer to it
    binding.add_symbol("_Py_NoneStruct", id(None))
    for value in vars(builtins).values():
        if isinstance(value, type) and issubclass(value, BaseException):
            binding.add_symbol(f"PyExc_{value.__name__}", id(value))
    binding.add_symbol("numba_unpickle", ctypes.cast(unpickle, ctypes.c_void_p).value)
    runtime.memsys_use_cpython_allocator()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), reloc="static", codemodel="jitdefault"
    )
    module = binding.parse_assembly("")
    return Linker(binding.create_mcjit_compiler(module, machine), environments)


@ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
def unpickle(data: int, size: int, digest: int) -> Any:
    """Return an object that the code carries, such as the type of the arrays that it returns."""
    return pickle.loads(ctypes.string_at(data, size))


def is_known(symbol: str) -> bool:
    """Tell whether LLVM or this process has the symbol: LLVM would abort on an unknown one."""
    from llvmlite import binding

    return bool(binding.address_of_symbol(symbol)) or hasattr(ctypes.CDLL(None), symbol)


def extension_files() -> list[Path]:
    """Return the files of Numba's C helpers.

    Raises
    ------
    ImportError
        If Numba is not installed.
    """
    spec = find_spec("numba")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("Numba is not installed")
    root = Path(spec.submodule_search_locations[0])
    files = [next(root.glob(f"{name}.*{suffix}"), None) for name, suffix in SUFFIXED]
    if None in files:
        raise ImportError("Numba has no C helpers")
    return [file for file in files if file is not None]


def load_extension(path: Path) -> ModuleType:
    """Return a C extension of Numba's, loaded by itself."""
    name = "numba." + path.name.partition(".")[0]
    loader = ExtensionFileLoader(name, str(path))
    spec = spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
