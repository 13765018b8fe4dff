# Build options and what they mean; nothing here looks for packages.
option(RATTAN_DEVELOPER_MODE "Warnings are errors" OFF)
option(RATTAN_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(RATTAN_BUILD_BENCH "Build rattan-bench and the micro benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(RATTAN_BUILD_ENGINE "Build rattan-engine, a language model with Rattan under its attention" ${PROJECT_IS_TOP_LEVEL})
option(RATTAN_BUILD_MPI "Build the example of several hosts where MPI is installed" ${PROJECT_IS_TOP_LEVEL})
option(RATTAN_INSTALL "Make install rules" ${PROJECT_IS_TOP_LEVEL})
option(RATTAN_ENABLE_FAISS "Use FAISS for the IVF baseline where it is installed" ON)
option(RATTAN_ENABLE_HNSWLIB "Use hnswlib for the HNSW baseline where it is installed" ON)
option(RATTAN_ENABLE_CUDA "Build exact top-k for the GPU (needs the CUDA Toolkit)" OFF)
set(RATTAN_PYTHON "" CACHE STRING "Python interpreter with the package nanobind: builds the Python package for it (tools/python)")
option(RATTAN_BUILD_FUZZERS "Build the fuzz targets of tests/fuzz with a fuzzing engine (needs clang++)" OFF)
set(RATTAN_FUZZING_ENGINE "-fsanitize=fuzzer" CACHE STRING "What links an engine to a fuzz target")
set(RATTAN_FUZZING_FLAGS "-fsanitize=fuzzer-no-link" CACHE STRING "What compiles for it; empty: the compiler's flags do")
set(RATTAN_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target, e.g. address,undefined or thread")

if(RATTAN_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "RATTAN_BUILD_FUZZERS needs clang++ (-DCMAKE_CXX_COMPILER=clang++), the compiler is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  separate_arguments(fuzzing_flags UNIX_COMMAND "${RATTAN_FUZZING_FLAGS}")
  add_compile_options(${fuzzing_flags})
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Baseline of everything but the per-ISA files of src/simd: SSE4.2 and popcnt, never the build machine's own CPU.
add_library(rattan_flags INTERFACE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  target_compile_options(rattan_flags INTERFACE -march=x86-64-v2)
endif()
target_compile_options(rattan_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<BOOL:${RATTAN_DEVELOPER_MODE}>:-Werror>)
if(RATTAN_SANITIZE)
  add_compile_options(-fsanitize=${RATTAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RATTAN_SANITIZE})
  # GCC 12 with a sanitizer takes the standard library's own <regex> for uninitialized.
  target_compile_options(rattan_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
