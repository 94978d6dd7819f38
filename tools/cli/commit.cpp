/// The commit, from a header that the build writes.
#include "tools/cli/commit.hpp"

#include "kumasim_commit.hpp"

namespace kumasim::cli {

std::string_view commit() { return KUMASIM_COMMIT; }

}  // namespace kumasim::cli
