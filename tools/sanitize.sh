#!/bin/sh
# Run a command with the checked build of the core: bounds checks, AddressSanitizer, UBSan.
# Python itself is not built with the sanitizers, so their library is loaded first, and what the
# interpreter keeps until its end is not called a leak.
set -eu
export LD_PRELOAD="$(${CXX:-c++} -print-file-name=libasan.so) $(${CXX:-c++} -print-file-name=libstdc++.so)"
export ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:allocator_may_return_null=1"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
export FASCINET_CORE=checked
exec "$@"
