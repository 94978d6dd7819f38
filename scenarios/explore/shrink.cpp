/// Passes over the document, again and again until one round changes nothing.
#include "scenarios/explore/shrink.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kumasim/chaos/ddmin.hpp"
#include "scenarios/explore/document_parts.hpp"
#include "scenarios/explore/lesser.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr int rounds_max = 20;  // a document that shrinks for so long shrinks by seconds

std::vector<Part> expectations(const json& document) {
  std::vector<Part> out = large_parts(document);
  std::erase_if(out, [](const Part& part) { return !part.to_string().starts_with("/spec/expect/"); });
  return out;
}

class Shrinking {
 public:
  Shrinking(json document, const Trial& trial) : document_(std::move(document)), trial_(trial) {}

  Shrunk go() {
    int rounds = 0;
    // A shorter run makes all that follows faster, and other expectations stand in its way.
    drop("expectations", expectations(document_));
    shorten();
    while (rounds < rounds_max) {
      json before = document_;
      ++rounds;
      drop("large parts", large_parts(document_));
      lessen();
      drop("small parts", small_parts(document_));
      if (document_ == before) break;
    }
    return {document_, necessities(), rounds};
  }

 private:
  void say(const std::string& pass) const {
    if (trial_.say) trial_.say(pass, document_);
  }

  void drop(const std::string& pass, const std::vector<Part>& parts) {
    say(pass);
    auto candidate = [&](const chaos::Parts& kept) {
      std::vector<Part> gone;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!std::ranges::binary_search(kept, i)) gone.push_back(parts[i]);
      }
      return without(document_, gone);
    };
    chaos::Parts kept = chaos::ddmin(parts.size(), [&](const std::vector<chaos::Parts>& candidates) {
      std::vector<json> documents;
      for (const chaos::Parts& one : candidates) documents.push_back(candidate(one));
      return trial_.first_breaking(documents);
    });
    json smaller = candidate(kept);
    bool changed = smaller != document_;
    document_ = std::move(smaller);
    if (changed) say(pass);
  }

  /// Takes the first candidate that breaks.
  bool take(const std::vector<json>& candidates, const std::string& pass) {
    if (candidates.empty()) return false;
    std::optional<std::size_t> found = trial_.first_breaking(candidates);
    if (!found) return false;
    document_ = candidates[*found];
    say(pass);
    return true;
  }

  bool take(const Lesser& lesser, const std::string& pass) {
    std::vector<json> candidates;
    for (const json& value : lesser.values) {
      candidates.push_back(document_);
      candidates.back()[lesser.at] = value;
    }
    return take(candidates, pass);
  }

  /// The run as a whole: single values are worth their runs once most of them are gone.
  void shorten() {
    say("times");
    take(earlier(document_), "times");
    for (const Lesser& lesser : lesser_values(document_)) {
      if (lesser.at == "/spec/duration"_json_pointer) take(lesser, "times");
    }
  }

  void lessen() {
    shorten();
    say("times and numbers");
    for (const Lesser& lesser : lesser_values(document_)) take(lesser, "times and numbers");
  }

  /// Each part that is left is dropped once; a number of instances is lessened by one.
  std::vector<Necessity> necessities() const {
    say("certificate");
    std::vector<Necessity> out;
    std::vector<json> candidates;
    for (const auto& [parts, large] :
         {std::pair(large_parts(document_), true), std::pair(small_parts(document_), false)}) {
      for (const Part& part : parts) {
        out.push_back({part_text(document_, part), "", large});
        candidates.push_back(without(document_, {part}));
      }
    }
    for (const Lesser& lesser : lesser_values(document_)) {
      if (lesser.at.back() != "instances") continue;
      out.push_back(
          {fmt::format("one of {} instances at {}", document_[lesser.at].dump(), part_text(document_, lesser.at)), "",
           true});
      candidates.push_back(document_);
      candidates.back()[lesser.at] = lesser.values.back();
    }
    std::vector<std::string> outcomes = trial_.outcomes(candidates);
    for (std::size_t i = 0; i < out.size(); ++i) out[i].without = outcomes[i];
    return out;
  }

  json document_;
  const Trial& trial_;
};

}  // namespace

bool Shrunk::minimal() const {
  return std::ranges::none_of(
      necessary, [](const Necessity& one) { return one.without.empty() || one.without.starts_with("not tried"); });
}

Shrunk shrink(json document, const Trial& trial) { return Shrinking(std::move(document), trial).go(); }

}  // namespace kumasim::scenario
