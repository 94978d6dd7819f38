/// What replicas of a control plane and the store that they share say to one another, as CBOR over gRPC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/transport/grpc.hpp"
#include "reference-cp/leader/lease_election.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::scenario {

inline constexpr std::uint16_t table_port = 5432;
/// One stream a replica: commits there, all changes and the answers back, in the order of commits.
inline constexpr std::string_view follow_path = "/kumasim.Table/Follow";
/// One call an operation on the row that says who leads.
inline constexpr std::string_view lease_path = "/kumasim.Table/Lease";

/// A silent peer is given up after 30 s; a first word with all that there is must fit a message.
GrpcLimits table_limits();

struct CommitRequest {
  std::uint64_t id = 0;
  WallTime now{};
  std::vector<cp::Write> writes;
};

/// What one resource is now; `after` is null where it is gone.
struct TableChange {
  const cp::Kind* kind = nullptr;
  cp::ResourceKey key;
  cp::ResourcePtr after;
};

/// The first word says all that there is; each later one a commit, or why one was refused.
struct TableWord {
  std::vector<TableChange> changes;
  std::uint64_t answers = 0;                          ///< the request of who hears it; 0: another's
  std::vector<std::optional<std::size_t>> written{};  ///< each write's place in `changes`; nothing for a removal
  std::optional<Error> refused{};
};

struct LeaseRequest {
  enum class What : std::uint8_t { take, look, count_up, give_back };
  What what = What::look;
  std::string instance{};
  std::optional<cp::LeaseRow::Number> number{};
};

/// The other side's bytes may be anything: Code::data_loss.
std::string encode(const CommitRequest& request);
Result<CommitRequest> decode_commit(std::string_view bytes);
std::string encode(const TableWord& word);
Result<TableWord> decode_word(std::string_view bytes);
std::string encode(const LeaseRequest& request);
Result<LeaseRequest> decode_lease(std::string_view bytes);
std::string encode_number(const std::optional<cp::LeaseRow::Number>& number);
Result<std::optional<cp::LeaseRow::Number>> decode_number(std::string_view bytes);

}  // namespace kumasim::scenario
