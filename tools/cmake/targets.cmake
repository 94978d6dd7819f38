# kumasim_library, kumasim_binary, kumasim_test, kumasim_bench: one call a target.
#
# PCH names the precompiled header: core (standard library, Asio awaitables, JSON, fmt), envoy (core and the Envoy API
# that the control plane writes), test (core, GoogleTest and rapidcheck), envoy_test (all of it), none. Each is compiled once and shared.
include(GoogleTest)

# What takes a test's precompiled header is test code: compiled without optimisation, which nobody measures, in half the time.
function(kumasim_test_code target pch)
  if(pch MATCHES "test$")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
  endif()
endfunction()

function(kumasim_pch name)
  cmake_parse_arguments(A "" "" "HEADERS;DEPS" ${ARGN})
  set(stub ${CMAKE_BINARY_DIR}/pch/${name}.cpp)
  if(NOT EXISTS ${stub})
    file(WRITE ${stub} "")
  endif()
  add_library(kumasim_pch_${name} OBJECT ${stub})
  target_link_libraries(kumasim_pch_${name} PUBLIC kumasim_options ${A_DEPS})
  target_include_directories(kumasim_pch_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR})
  target_precompile_headers(kumasim_pch_${name} PRIVATE ${A_HEADERS})
  kumasim_test_code(kumasim_pch_${name} ${name})
endfunction()

function(kumasim_target_setup target)
  cmake_parse_arguments(A "" "PCH" "DEPS" ${ARGN})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
  target_link_libraries(${target} PUBLIC $<BUILD_INTERFACE:kumasim_options> ${A_DEPS})
  kumasim_count_lines(${target})
  if(A_PCH AND NOT A_PCH STREQUAL "none")
    target_precompile_headers(${target} REUSE_FROM kumasim_pch_${A_PCH})
    kumasim_test_code(${target} ${A_PCH})
  endif()
endfunction()

# kumasim_library(NAME SOURCES a.cpp ... DEPS target ... PCH core)
function(kumasim_library name)
  cmake_parse_arguments(A "" "PCH" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  kumasim_target_setup(${name} PCH "${A_PCH}" DEPS ${A_DEPS})
endfunction()

# kumasim_binary(NAME OUTPUT file-name SOURCES ... DEPS ... PCH ...): lands in BUILD/bin
function(kumasim_binary name)
  cmake_parse_arguments(A "" "PCH;OUTPUT" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  kumasim_target_setup(${name} PCH "${A_PCH}" DEPS ${A_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  if(A_OUTPUT)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${A_OUTPUT})
  endif()
endfunction()

# kumasim_test(NAME SOURCES ... DEPS ... LABELS live soak ...): GoogleTest with rapidcheck; one ctest entry a test case.
# With WHOLE one entry for all of them, where they share what is slow to start.
function(kumasim_test name)
  cmake_parse_arguments(A "WHOLE" "PCH;TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT A_PCH)
    set(A_PCH test)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  add_executable(${name} ${A_SOURCES})
  set_property(GLOBAL APPEND PROPERTY KUMASIM_TESTS ${name})
  kumasim_target_setup(${name} PCH ${A_PCH} DEPS ${A_DEPS} GTest::gtest_main GTest::gmock kumasim_rapidcheck)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  set(properties TIMEOUT ${A_TIMEOUT} ENVIRONMENT "KUMASIM_BUILD_DIR=${CMAKE_BINARY_DIR}")
  if(A_LABELS)
    list(APPEND properties LABELS "${A_LABELS}")
  endif()
  if(KUMASIM_COVERAGE)
    list(APPEND properties ENVIRONMENT_MODIFICATION "LLVM_PROFILE_FILE=set:${KUMASIM_PROFILES}/${name}-%m%c.profraw")
  endif()
  if("live" IN_LIST A_LABELS)
    # They start processes and mostly wait for them: one at a time, from the beginning, beside tests that compute.
    list(APPEND properties RESOURCE_LOCK live COST 1000)
  endif()
  if(A_WHOLE)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES ${properties})
    return()
  endif()
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} PROPERTIES ${properties})
endfunction()

# kumasim_bench(NAME SOURCES ... DEPS ...): Google Benchmark, built with KUMASIM_BENCH only
function(kumasim_bench name)
  cmake_parse_arguments(A "" "PCH" "SOURCES;DEPS" ${ARGN})
  if(KUMASIM_BENCH)
    add_executable(${name} ${A_SOURCES})
    kumasim_target_setup(${name} PCH "${A_PCH}" DEPS ${A_DEPS} benchmark::benchmark_main)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  endif()
endfunction()
