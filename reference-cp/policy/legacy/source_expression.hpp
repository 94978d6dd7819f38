/// The sources of a policy as a regular expression over the header in which proxies name their tags.
#pragma once

#include <string>

namespace kumasim::cp {
struct Resource;

namespace policy::legacy {

/// Matches the header of every proxy that one of the source selectors matches.
std::string source_expression(const Resource& policy);

}  // namespace policy::legacy
}  // namespace kumasim::cp
