/// What Kuma says of an Envoy resource that somebody wrote as text: whether it is a message of its type, and keeps to
/// the rules of Envoy's API.
#pragma once

#include <string>

#include "reference-cp/model/rules/envoy_text.hpp"

namespace kumasim::cp {

/// "" for a good one, and for one with a type of Envoy's API that the pinned Envoy lacks: it is not looked at.
std::string envoy_text_error(const EnvoyText& text);

}  // namespace kumasim::cp
