"""Compiled kernels without importing Numba: its machine code is kept and linked by `loader.py`.

To import Numba and to revive its cached functions costs over a second, more than most questions
take. So the first process that compiles a kernel keeps the object code, and later ones link it
(where `loader.py` cannot, llvmlite alone does) and call it through the wrapper that Numba wrote for
Python. A process that
has Numba at hand uses Numba; so does a call whose argument types are new, and any system on which
a symbol of the object code cannot be found.

    kernel = njit(cache=True)(function)      as Numba's decorator, which it stands in for
"""

# pyright: basic
import ctypes
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
from fascinet.engine.loader import is_able, load
from fascinet.model.disk_cache import cache_folder, keep, kept

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
        """Return what runs the kernel for arguments of these types, and asks nothing of them."""
        key = tuple([signature(a) for a in args])
        if self._numba is None and key not in self._linked:
            self._linked[key] = self._find(key)
        linked = self._linked.get(key)
        if linked is not None:
            return linked
        dispatcher = self.dispatcher
        types = tuple(dispatcher.typeof_pyval(a) for a in args)
        dispatcher.compile(types)
        self._keep(args)
        return dispatcher.overloads[types].entry_point

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
            share()


class Bound:
    """A kernel whose arguments are of the same types at each call: only the first is asked.

    To tell the type of a read-only array takes Numba ten microseconds.

    Parameters
    ----------
    kernel : Kernel
    """

    __slots__ = ("_kernel", "_run")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel, self._run = kernel, None

    def __call__(self, *args: Any) -> Any:
        """Call the kernel."""
        run: Callable[..., Any] | None = self._run
        if run is None:
            self._run = run = self._kernel.bound(*args)
        return run(*args)


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
    files = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in extension_files()]
    return f"{STORE}-{crc32(repr((processor(), files)).encode()):x}"


def processor() -> str:
    """Return what tells one processor from another, as machine code is made for it."""
    file = Path("/proc/cpuinfo")
    if file.exists():
        lines = file.read_text(encoding="utf-8").splitlines()
        told = [x for x in lines if x.startswith(("vendor_id", "cpu family", "model", "flags"))]
        return repr(sorted(set(told)))
    from llvmlite import binding

    return repr((binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()))


@lru_cache(maxsize=1)
def stored() -> dict[tuple[str, Signature], ObjectCode]:
    """Return the machine code that earlier processes kept."""
    try:
        found = kept(store_name())
    except (ImportError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def share() -> None:
    """Write what this process has, together with what others kept meanwhile."""
    with alone():
        others = kept(store_name())
        for name, code in others.items() if isinstance(others, dict) else ():
            stored().setdefault(name, code)
        keep(store_name(), stored())


@contextmanager
def alone() -> Iterator[None]:
    """Let one process at a time in; all of them where files cannot be locked."""
    folder = cache_folder()
    if folder is None:
        yield
        return
    try:
        import fcntl

        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f"{STORE}.lock").open("w")
    except (ImportError, OSError):
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)  # let go of when the file is closed
        yield


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
    with _lock:
        try:
            helpers = make_helpers()
            address = place(kernel.code, helpers)
            environments = [helpers.environment(address(e), c) for e, c in kernel.environments]
            wrapper = address(kernel.wrapper)
        except (ImportError, OSError, RuntimeError, ValueError):
            return None
    if not wrapper:
        return None
    module = sys.modules[__name__]
    return helpers.make_function(module, name, "", wrapper, environments[0], environments)


def place(code: bytes, helpers: "Helpers") -> Callable[[str], int]:
    """Put object code into memory; return what tells the address of a symbol, 0 if it has none.

    Raises
    ------
    ValueError
        If a symbol is unknown.
    """
    if is_able():
        try:
            found = load(code, helpers.find)
        except (OSError, ValueError):
            pass
        else:
            return lambda symbol: found.get(symbol, 0)
    from llvmlite import binding

    engine = make_engine()
    if not all(map(is_known, undefined_symbols(code))):
        raise ValueError("unknown symbol")
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return lambda symbol: (
        engine.get_function_address(symbol) or engine.get_global_value_address(symbol)
    )


@dataclass(frozen=True)
class Helpers:
    """Numba's C helpers without Numba.

    Attributes
    ----------
    environments : module
    symbols : dict of str to int
        Their addresses, and those of Python's objects that the code names.
    """

    environments: ModuleType
    symbols: dict[str, int]

    @property
    def make_function(self) -> Callable[..., Any]:
        """Make a Python function of a wrapper's address."""
        return self.environments.make_function

    def environment(self, address: int, constants: Iterable[Any]) -> Any:
        """Return an environment, which the code finds at an address from now on."""
        made = self.environments.Environment({})
        made.consts.extend(constants)
        if address:
            ctypes.c_void_p.from_address(address).value = id(made)
        return made

    def find(self, symbol: str) -> int:
        """Return the address of a symbol.

        Raises
        ------
        ValueError
            If neither Numba's helpers nor this process have it.
        """
        known = self.symbols.get(symbol)
        if known is None:
            try:
                function = getattr(ctypes.CDLL(None), symbol)
            except AttributeError:
                raise ValueError(f"unknown symbol {symbol}") from None
            known = ctypes.cast(function, ctypes.c_void_p).value or 0
            self.symbols[symbol] = known
        return known


@lru_cache(maxsize=1)
def make_helpers() -> Helpers:
    """Return Numba's helpers and the addresses of all that they offer."""
    import builtins

    helpers, environments, runtime = (load_extension(path) for path in extension_files())
    symbols = {f"numba_{n}": at for m in (helpers, environments) for n, at in m.c_helpers.items()}
    for name, address in runtime.c_helpers.items():
        symbols[name if name.startswith("_") else f"NRT_{name}"] = address
    # in this code a name of Python's stands for the object itself, not for a pointer to it
    symbols["_Py_NoneStruct"] = id(None)
    for value in vars(builtins).values():
        if isinstance(value, type) and issubclass(value, BaseException):
            symbols[f"PyExc_{value.__name__}"] = id(value)
    symbols["numba_unpickle"] = ctypes.cast(unpickle, ctypes.c_void_p).value or 0
    runtime.memsys_use_cpython_allocator()
    return Helpers(environments, symbols)


@lru_cache(maxsize=1)
def make_engine() -> Any:
    """Return LLVM's linker, the helpers' symbols made known to it."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    for name, address in make_helpers().symbols.items():
        binding.add_symbol(name, address)
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), reloc="static", codemodel="jitdefault"
    )
    return binding.create_mcjit_compiler(binding.parse_assembly(""), machine)


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
