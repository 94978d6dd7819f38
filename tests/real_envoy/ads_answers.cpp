#include "tests/real_envoy/ads_answers.hpp"

#include <algorithm>

namespace kumasim::test {

AdsAnswers::State AdsAnswers::get() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void AdsAnswers::take(const cp::AdsAnswer& answer) {
  std::lock_guard lock(mutex_);
  if (!answer.rejection) {
    state_.acknowledged[answer.type_url] = answer.version;
    return;
  }
  state_.acknowledged.erase(answer.type_url);
  Refusal refusal{answer.type_url, answer.rejection->message};
  if (std::ranges::find(state_.refusals, refusal) == state_.refusals.end())
    state_.refusals.push_back(std::move(refusal));
}

void AdsAnswers::misses(const std::string& type_url, const std::string& name) {
  std::lock_guard lock(mutex_);
  state_.missing.insert(type_url.substr(type_url.rfind('.') + 1) + " " + name);
}

void AdsAnswers::stand(bool settled, bool accepted) {
  std::lock_guard lock(mutex_);
  state_.settled = settled;
  state_.accepted = accepted;
}

}  // namespace kumasim::test
