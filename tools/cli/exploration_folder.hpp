/// The folder of an exploration: its results, one line a seed, and the scenarios of the seeds that failed.
#pragma once

#include <fstream>
#include <string>

#include "kumasim/chaos/results.hpp"

namespace kumasim::cli {

/// Appends to `FOLDER/results.jsonl`, so that what has been run is never run again.
class ExplorationFolder {
 public:
  /// A new one, made where it is missing. already_exists where it holds results.
  static Result<ExplorationFolder> create(const std::string& path, const chaos::Exploration& exploration);
  /// One that was left behind: what a crash tore is cut off. invalid_argument where it is of another exploration.
  static Result<ExplorationFolder> resume(const std::string& path, const chaos::Exploration& exploration);
  /// Only reads it.
  static Result<chaos::ResultsFile> read(const std::string& path);

  const chaos::ResultsFile& results() const { return results_; }
  /// False where the disk does not take it.
  bool add(const chaos::SeedResult& result);
  /// Writes `FOLDER/name`; false where the disk does not take it.
  bool write(const std::string& name, const std::string& text) const;

 private:
  ExplorationFolder(std::string path, chaos::ResultsFile results);

  std::string path_;
  chaos::ResultsFile results_;
  std::ofstream out_;
};

}  // namespace kumasim::cli
