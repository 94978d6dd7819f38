#include "tests/conversation/conversation.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace kumasim::test {
namespace {

constexpr std::string_view separator = "----";

Command parse(const std::string& line, std::string at) {
  Command out;
  out.at = std::move(at);
  std::istringstream words(line);
  words >> out.name;
  for (std::string word; words >> word;) {
    auto equals = word.find('=');
    if (equals == std::string::npos) out.words.push_back(word);
    out.arguments[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return out;
}

}  // namespace

std::string Command::get(const std::string& key, std::string fallback) const {
  auto found = arguments.find(key);
  return found == arguments.end() ? std::move(fallback) : found->second;
}

std::vector<std::string> Command::list(const std::string& key) const {
  std::vector<std::string> out;
  std::istringstream parts(get(key));
  for (std::string part; std::getline(parts, part, ',');) out.push_back(part);
  return out;
}

void run_conversation(const std::string& file, const std::function<std::string(const Command&)>& run) {
  std::ifstream in(file);
  ASSERT_TRUE(in) << "cannot read " << file;
  std::string rewritten;
  bool rewrite = std::getenv("KUMASIM_REWRITE") != nullptr;
  std::size_t number = 0;
  std::string line;
  auto next = [&] { return static_cast<bool>(std::getline(in, line)) && (++number, true); };
  while (next()) {
    if (line.empty() || line.starts_with('#')) {
      rewritten += line + "\n";
      continue;
    }
    Command command = parse(line, fmt::format("{}:{}", file, number));
    rewritten += line + "\n";
    while (next() && line != separator) {
      command.lines.push_back(line);
      rewritten += line + "\n";
    }
    std::string expected;
    while (next() && !line.empty()) expected += line + "\n";
    std::string got = run(command);
    rewritten += fmt::format("{}\n{}\n", separator, got);
    if (!rewrite)
      EXPECT_EQ(got, expected) << command.at << ": " << command.name << " (KUMASIM_REWRITE=1 writes the new text)";
  }
  if (!rewrite) return;
  if (rewritten.ends_with("\n\n")) rewritten.pop_back();
  std::ofstream(file) << rewritten;
}

std::vector<std::string> conversation_files(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".txt") out.push_back(entry.path().string());
  std::ranges::sort(out);
  return out;
}

}  // namespace kumasim::test
