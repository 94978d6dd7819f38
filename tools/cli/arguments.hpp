/// Arguments that several commands take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kumasim::cli {

/// Whether the text is a whole number of at most 64 bits and nothing else; `value` is it then.
bool read_whole(std::string_view text, std::uint64_t& value);

/// "1..200": all seeds of the range, at most a million.
std::optional<std::vector<std::uint64_t>> parse_seeds(const std::string& text);

/// What is wrong with the text as a range of seeds; "" for nothing.
std::string check_seeds(const std::string& text);

/// What is wrong with the text as a whole number of at most 64 bits; "" for nothing.
std::string check_whole(const std::string& text);
/// The same of one that is not 0.
std::string check_count(const std::string& text);

/// What is wrong with the name of a planted bug; "" for nothing.
std::string known_bug(const std::string& name);

}  // namespace kumasim::cli
