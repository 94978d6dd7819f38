# What `cmake --install BUILD --prefix P --component C` installs. Components: sim, the simulator for Asio code, without
# anything of Envoy; testing, what a suite includes; live, the runtime of a program on this machine; programs.
# kumasimConfig.cmake, which comes with sim, lets find_package(kumasim) find the libraries.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(kumasim_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kumasim)

# kumasim_install(COMPONENT TARGETS kumasim_sim ... FOLDERS include/kumasim/sim ...): kumasim_sim is kumasim::sim to a
# user; of the folders the headers are installed, under the names by which they are included.
function(kumasim_install component)
  cmake_parse_arguments(A "" "" "TARGETS;FOLDERS" ${ARGN})
  foreach(target IN LISTS A_TARGETS)
    string(REGEX REPLACE "^kumasim_" "" name ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  endforeach()
  install(TARGETS ${A_TARGETS} EXPORT kumasim-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT kumasim-${component} NAMESPACE kumasim:: DESTINATION ${kumasim_package_dir} COMPONENT ${component})
  foreach(folder IN LISTS A_FOLDERS)
    string(REGEX REPLACE "^include/" "" included ${folder})
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${included}
      COMPONENT ${component} FILES_MATCHING PATTERN "*.hpp")
  endforeach()
endfunction()

kumasim_install(sim TARGETS kumasim_runtime kumasim_sim kumasim_fault
  FOLDERS include/kumasim/runtime include/kumasim/sim include/kumasim/fault)
kumasim_install(testing TARGETS kumasim_testing FOLDERS include/kumasim/testing)
kumasim_install(live TARGETS kumasim_live FOLDERS reference-cp/live)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/kumasimConfig.cmake.in ${CMAKE_BINARY_DIR}/kumasimConfig.cmake
  INSTALL_DESTINATION ${kumasim_package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/kumasimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/kumasimConfig.cmake ${CMAKE_BINARY_DIR}/kumasimConfigVersion.cmake
  DESTINATION ${kumasim_package_dir} COMPONENT sim)

install(TARGETS kumasim kuma-cp kuma-cp-planted kuma-dp kumactl kumasim-echo RUNTIME
  DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
