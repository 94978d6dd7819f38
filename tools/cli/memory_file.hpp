/// Files in memory: what one process writes and another reads.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cli {

/// Its descriptor. Throws std::system_error where none can be made.
int file_in_memory(const char* name);
/// All that stands in it.
std::string contents(int file);
/// The last lines of what a process said there, where it says what went wrong.
std::string last_lines(int file);
/// False where it does not take all of it.
bool write_all(int file, std::string_view text);

}  // namespace kumasim::cli
