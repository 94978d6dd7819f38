/// A whole store as text: what `kuma-cp store export` writes and `kuma-cp store import` reads.
///
/// JSON Lines (https://jsonlines.org), UTF-8. The first line is the header:
///
///     {"format":"kuma-store","version":1,"kuma":"2.12.14","kinds":{"Mesh":1,"Secret":2}}
///
/// `version` is the format's; `kinds` says how many resources of each kind follow, so that a file that was cut short is
/// told. Every further line is one resource with all that the store keeps of it, in the order of type, mesh and name:
///
///     {"type":"Mesh","mesh":"","name":"default","version":3,"creationTime":"2026-11-26T02:14:21.5Z",
///      "modificationTime":"2026-11-26T02:15:00Z","labels":{},"spec":{...},"status":null}
///
/// (on one line). All of these fields are there, and no others. `version` counts the writes of the resource. Secrets
/// are in it as they are stored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

/// Sorts them. The same resources give the same bytes. Code::data_loss where a text in one is not UTF-8.
Result<std::string> print_export(std::vector<Resource> resources);

/// The resources as they were: versions, times, labels and status too. The shape of a specification is checked, not its
/// kind's further rules: a store may hold what today's rules would refuse; that of an insight need be an object only,
/// for it holds what proxies say of themselves. Code::invalid_argument with "FILE:LINE:
/// FIELD: why" and the field, Code::unsupported where a newer program wrote it.
Result<std::vector<Resource>> parse_export(std::string_view text, std::string_view file);

}  // namespace kumasim::cp
