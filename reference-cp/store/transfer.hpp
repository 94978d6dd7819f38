/// Whole stores from one place to another: out of the files of a store that another process has open, into a journal.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/store/persistence.hpp"

namespace kumasim::cp {

/// A whole file by its path; Code::not_found where there is none.
using ReadWhole = std::function<Result<std::string>(const std::string& path)>;

/// What was committed to the SQLite store at `path` at one moment during the call, whether or not a process has it
/// open; neither its files nor its locks are touched. Code::unavailable where there is no store, or where it never
/// stood still for long enough.
///
/// It copies the file and then the write-ahead log. Pages that a checkpoint brought into the file while it was copied
/// are in the log too, and the log's are the ones that count; this holds as long as the log was not begun anew from
/// before the file was read until after the log was, which its header tells
/// (https://www.sqlite.org/fileformat2.html, section 4).
Result<std::vector<Resource>> read_running_store(const std::string& path, const ReadWhole& read);

struct FillOptions {
  bool replace = false;  // what is there gives way to the new resources; else a journal that holds any is refused
};

/// All of `resources` or none, also where the process dies meanwhile. Code::already_exists where there are some.
Result<> fill_store(Persistence& journal, const std::vector<Resource>& resources, FillOptions options);

/// A journal that gives these and keeps nothing: a store in memory begins with them.
std::unique_ptr<Persistence> begin_with(std::vector<Resource> resources);

}  // namespace kumasim::cp
