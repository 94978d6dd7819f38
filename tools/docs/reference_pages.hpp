/// The reference: pages of Markdown that are read off the tables of kinds, endpoints and settings.
#pragma once

#include <map>
#include <string>

namespace kumasim::docs {

/// By the names of their files, with `/`. Links among them are relative.
std::map<std::string, std::string> reference_pages();

}  // namespace kumasim::docs
