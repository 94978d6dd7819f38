/// Conversation files: a command (with its lines), `----`, what it gives; rewritten when KUMASIM_REWRITE is set.
///
/// After etcd's datadriven: the file is read as a specification and, after a change, as a diff.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kumasim::test {

/// `name key=value flag`, then lines up to `----`.
struct Command {
  std::string name;
  std::map<std::string, std::string> arguments;  ///< a word without `=` has an empty value
  std::vector<std::string> words;                ///< those without `=`, in order
  std::vector<std::string> lines;
  std::string at;  ///< "file:line", for messages

  std::string get(const std::string& key, std::string fallback = {}) const;
  bool has(const std::string& key) const { return arguments.contains(key); }
  /// The value split at commas.
  std::vector<std::string> list(const std::string& key) const;
};

/// Runs every command of the file; a difference is a test failure that shows both texts.
void run_conversation(const std::string& file, const std::function<std::string(const Command&)>& run);

/// The .txt files of a folder below the source tree, sorted.
std::vector<std::string> conversation_files(const std::string& folder);

}  // namespace kumasim::test
