#include "reference-cp/identity/leaf_keys.hpp"

#include <utility>

namespace kumasim::cp {

Result<PrivateKeyPtr> LeafKeys::take(const std::string& holder) {
  if (where_ == Made::on_the_spot) return make_private_key(spec_);
  if (auto made = made_.extract(holder)) return std::move(made.mapped());
  if (places_.try_emplace(holder, asked_ + 1).second) queue_.emplace(++asked_, holder);
  lacking_.push_back(holder);
  return PrivateKeyPtr();
}

std::vector<std::string> LeafKeys::take_lacking() { return std::exchange(lacking_, {}); }

void LeafKeys::put(const std::string& holder, PrivateKeyPtr key) {
  if (leave_queue(holder)) made_[holder] = std::move(key);
}

void LeafKeys::defer(const std::string& holder) {
  if (!leave_queue(holder)) return;
  places_[holder] = ++asked_;
  queue_.emplace(asked_, holder);
}

void LeafKeys::forget(const std::string& holder) {
  leave_queue(holder);
  made_.erase(holder);
}

bool LeafKeys::leave_queue(const std::string& holder) {
  auto place = places_.find(holder);
  if (place == places_.end()) return false;
  queue_.erase(place->second);
  places_.erase(place);
  return true;
}

}  // namespace kumasim::cp
