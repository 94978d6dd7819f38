/// memfd.
#include "tools/cli/memory_file.hpp"

#include <cerrno>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

namespace kumasim::cli {

int file_in_memory(const char* name) {
  int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  return file;
}

std::string contents(int file) {
  std::string out;
  char buffer[65536];
  lseek(file, 0, SEEK_SET);
  for (ssize_t count = 0; (count = read(file, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(count));
  return out;
}

std::string last_lines(int file) {
  constexpr std::size_t characters_max = 2000;
  constexpr int lines_max = 3;
  std::string said = contents(file);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  std::size_t at = said.size();
  for (int line = 0; line < lines_max && at != std::string::npos && at > 0; ++line) at = said.rfind('\n', at - 1);
  if (at != std::string::npos && at < said.size() && said[at] == '\n') said.erase(0, at + 1);
  return said.size() > characters_max ? said.substr(said.size() - characters_max) : said;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    ssize_t count = write(file, text.data(), text.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace kumasim::cli
