/// Where the configuration's store is, opened for this process, with files that are their owner's alone.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/log.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/store/persistence.hpp"

namespace kumasim::cp {

/// Keys are kept in it. One that was there is its owner's to close.
Result<> make_work_directory(const Config& config, Log& log);

/// REQUIRES: a store of type sqlite.
std::string sqlite_path(const Config& config);

/// Opens or makes the store. It holds the keys of CAs and tokens.
Result<std::unique_ptr<Persistence>> open_journal(const Config& config, Log& log);

}  // namespace kumasim::cp
