# kumasim_embed(TARGET FILE...): texts that the target carries: "report.js" becomes `report_js`, a std::string_view of the
# header "embedded/report_js.hpp", made anew when the file changes. With KUMASIM_EMBED_FILE this is the script that makes one.
if(DEFINED KUMASIM_EMBED_FILE)
  file(READ "${KUMASIM_EMBED_FILE}" text)
  file(WRITE "${KUMASIM_EMBED_TO}" "/// The text of a file of the source tree.\n#pragma once\n\n#include <string_view>\n\n"
    "inline constexpr std::string_view ${KUMASIM_EMBED_NAME} = R\"embedded(${text})embedded\";\n")
  return()
endif()

function(kumasim_embed target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_texts)
  foreach(file ${ARGN})
    string(REPLACE "." "_" name ${file})
    set(header ${folder}/embedded/${name}.hpp)
    add_custom_command(OUTPUT ${header}
      COMMAND ${CMAKE_COMMAND} -DKUMASIM_EMBED_FILE=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DKUMASIM_EMBED_TO=${header}
              -DKUMASIM_EMBED_NAME=${name} -P ${CMAKE_SOURCE_DIR}/tools/cmake/embed.cmake
      DEPENDS ${file} ${CMAKE_SOURCE_DIR}/tools/cmake/embed.cmake VERBATIM)
    target_sources(${target} PRIVATE ${header})
  endforeach()
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
