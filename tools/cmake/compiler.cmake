# Language level, warnings, sanitizers, linker and ccache for every target of the project.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "kumasim needs clang 19 or newer (found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}): "
    "g++ 12 miscompiles coroutines that hold co_await beside temporaries. Use a preset: cmake --preset release")
endif()
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Asserts stay on in every build: NDEBUG is never defined.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

set(KUMASIM_SANITIZE "" CACHE STRING "empty or address")
option(KUMASIM_BENCH "build the benchmarks" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Base directory and sloppiness let clones, build types and precompiled headers share one cache. Depend mode takes the
  # compiler's list of headers: without it each miss costs a preprocessing run, a third of a cold build.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
endif()

add_library(kumasim_options INTERFACE)
target_compile_options(kumasim_options INTERFACE -Wall -Wextra -Wno-deprecated-declarations "SHELL:-Xclang -fno-pch-timestamp")
target_compile_definitions(kumasim_options INTERFACE BOOST_ASIO_NO_DEPRECATED=1)
target_link_options(kumasim_options INTERFACE -fuse-ld=lld-22)
if(KUMASIM_SANITIZE STREQUAL "address")
  target_compile_options(kumasim_options INTERFACE -O1 -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(kumasim_options INTERFACE -fsanitize=address,undefined)
endif()
