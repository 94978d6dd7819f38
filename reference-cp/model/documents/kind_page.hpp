/// The reference of one kind as a page of Markdown: what it is for, its names, its fields, an example.
#pragma once

#include <string>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

std::string kind_page(const Kind& kind);

}  // namespace kumasim::cp
