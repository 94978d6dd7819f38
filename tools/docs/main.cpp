/// kumasim-docs DIR: writes the reference there.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tools/docs/reference_pages.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: kumasim-docs DIR\n";
    return 2;
  }
  const std::filesystem::path directory = arguments[1];
  for (const auto& [name, text] : kumasim::docs::reference_pages()) {
    std::error_code failed;
    std::filesystem::create_directories((directory / name).parent_path(), failed);
    std::ofstream out(directory / name, std::ios::binary);
    out << text << std::flush;
    if (!out) {
      std::cerr << "kumasim-docs: cannot write " << (directory / name).string() << "\n";
      return 1;
    }
  }
  return 0;
}
