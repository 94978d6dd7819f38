# Writes OUT: what the programs in the folder PROGRAMS say of their commands.
set(page "# Commands\n")
foreach(program kumasim kuma-cp kuma-dp kumactl)
  execute_process(COMMAND ${PROGRAMS}/${program} --help-all OUTPUT_VARIABLE help COMMAND_ERROR_IS_FATAL ANY)
  string(APPEND page "\n## ${program}\n\n```\n${help}```\n")
endforeach()
file(WRITE ${OUT} "${page}")
