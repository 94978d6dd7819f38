/// A program of the build as a person runs it: by the shell, with what it printed and its exit code.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace kumasim::program {

struct Outcome {
  int code = -1;    ///< the exit code, or less the signal that ended it
  std::string out;  ///< standard output, with what the shell adds to it
};

inline Outcome shell(const std::string& command) {
  Outcome outcome;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer;
  while (std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    outcome.out.append(buffer.data(), count);
  int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return outcome;
}

/// kumasim, which the build puts beside the folder of the running test.
inline std::filesystem::path binary() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin" / "kumasim";
}

/// Standard error is mixed in unless `errors` sends it elsewhere.
inline Outcome run(const std::string& arguments, const std::string& errors = "2>&1") {
  return shell(binary().string() + " " + arguments + " " + errors);
}

}  // namespace kumasim::program
