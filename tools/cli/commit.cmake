# Writes OUT with the commit that is built; "+" after it where the tree has changes.
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C ${SOURCE} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
if(NOT commit)
  set(commit unknown)
elseif(changes)
  string(APPEND commit "+")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define KUMASIM_COMMIT \"${commit}\"\n")
