// The module that Python sees. One source, compiled once for each build: CORE_MODULE is its name.
#include "bind_batch.h"
#include "bind_cores.h"
#include "bind_frames.h"
#include "bind_order.h"
#include "bind_queries.h"
#include "bind_run.h"
#include "bind_slopes.h"
#include "bind_tree.h"
#include "buffers.h"
#include "cpu.h"

#define CORE_QUOTE(name) #name
#define CORE_STRING(name) CORE_QUOTE(name)
#define CORE_JOIN(a, b) a##b
#define CORE_INIT(name) CORE_JOIN(PyInit_, name)

namespace {

#if defined(CORE_CHECKED)
constexpr const char *kBuild = "checked";
#elif defined(__AVX2__)
constexpr const char *kBuild = "x86-64-v3";
#elif defined(__x86_64__)
constexpr const char *kBuild = "x86-64";
#elif defined(__aarch64__)
constexpr const char *kBuild = "aarch64";
#else
constexpr const char *kBuild = "other";
#endif

PyObject *runs_x86_64_v3(PyObject *, PyObject *) {
    return PyBool_FromLong(core::runs_x86_64_v3());
}

// Those of this file; each subject has a table of its own in its bind_*.h.
PyMethodDef kMethods[] = {
    {"runs_x86_64_v3", runs_x86_64_v3, METH_NOARGS,
     "runs_x86_64_v3()\n--\n\nWhether this processor runs the build for x86-64-v3."},
    {nullptr, nullptr, 0, nullptr},
};

PyMethodDef *kTables[] = {core::core_methods, core::frame_methods, core::order_methods, core::run_methods, core::slope_methods, core::tree_methods,
                          core::query_methods, core::batch_methods};

int fill(PyObject *module) {
    for (PyMethodDef *methods : kTables)
        if (PyModule_AddFunctions(module, methods) < 0) return -1;
    return PyModule_AddStringConstant(module, "BUILD", kBuild);
}

PyModuleDef_Slot kSlots[] = {
    {Py_mod_exec, reinterpret_cast<void *>(fill)},
    {0, nullptr},
};

PyModuleDef kModule = {
    PyModuleDef_HEAD_INIT, CORE_STRING(CORE_MODULE), "The compiled core: numbers in, numbers out.",
    0, kMethods, kSlots, nullptr, nullptr, nullptr,
};

}  // namespace

PyMODINIT_FUNC CORE_INIT(CORE_MODULE)() { return PyModuleDef_Init(&kModule); }
