/// Candidates for each number and each time.
#include "scenarios/explore/lesser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using Pointer = json::json_pointer;
using std::chrono::seconds;

constexpr Duration shortest = seconds(1);

std::optional<Duration> time_of(const json& value) {
  return value.is_string() ? parse_duration(value.get_ref<const std::string&>()) : std::nullopt;
}

/// Whole seconds where there is one.
Duration rounded(Duration value) { return value >= seconds(1) ? value / seconds(1) * seconds(1) : value; }

std::vector<json> shorter(Duration value, Duration least) {
  std::vector<Duration> times{least, value / 8, value / 4, value / 2, value / 4 * 3, value - seconds(1)};
  std::vector<json> out;
  Duration last = least - Duration(1);
  std::ranges::sort(times);
  for (Duration time : times) {
    time = rounded(time);
    if (time <= last || time < least || time >= value) continue;
    out.push_back(duration_text(time));
    last = time;
  }
  return out;
}

std::vector<json> fewer(std::int64_t value) {
  std::vector<json> out;
  for (std::int64_t less : {std::int64_t{1}, value / 2, value - 1}) {
    if (less >= 1 && less < value && (out.empty() || out.back() < less)) out.push_back(less);
  }
  return out;
}

/// "50/s": 1/s, 5/s, 25/s.
std::vector<json> slower(const std::string& rate) {
  std::size_t slash = rate.find('/');
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(rate.data(), rate.data() + std::min(slash, rate.size()), number);
  if (error != std::errc() || slash == std::string::npos || end != rate.data() + slash) return {};
  std::vector<json> out;
  std::int64_t last = 0;
  for (std::int64_t less : {std::int64_t{1}, number / 10, number / 2}) {
    if (less <= last || less >= number) continue;
    out.push_back(fmt::format("{}{}", less, rate.substr(slash)));
    last = less;
  }
  return out;
}

class Search {
 public:
  explicit Search(const json& document) : document_(document) {}

  std::vector<Lesser> all() {
    const Pointer spec("/spec");
    time(spec / "duration", shortest);
    moved(spec / "liveness" / "after");
    each(spec / "expect", [&](const Pointer& at) {
      moved(at / "eventually" / "after");
      window(at / "during");
    });
    each(spec / "faults", [&](const Pointer& at) {
      for (const char* field : {"at", "for"}) time(at / field, Duration(0));
    });
    each(spec / "changes", [&](const Pointer& at) { time(at / "at", Duration(0)); });
    each(spec / "load", [&](const Pointer& at) {
      for (const char* field : {"start", "end"}) time(at / field, Duration(0));
      number(at / "users");
      if (holds(at / "rate")) add(at / "rate", slower(document_[at / "rate"].get<std::string>()));
    });
    each(spec / "topology" / "services", [&](const Pointer& at) {
      number(at / "instances");
      each(at / "versions", [&](const Pointer& version) { number(version / "instances"); });
    });
    return std::move(out_);
  }

 private:
  bool holds(const Pointer& at) const { return document_.contains(at); }

  template <class Visit>
  void each(const Pointer& list, Visit visit) {
    if (!holds(list) || !document_[list].is_array()) return;
    for (std::size_t i = 0; i < document_[list].size(); ++i) visit(list / i);
  }

  /// When the last fault or change that does not begin after `when` is over; `when` where one is no plain time. An
  /// expectation that began before it would ask for what nothing has brought about yet.
  Duration settled(Duration when) const {
    Duration out{};
    for (const char* list : {"faults", "changes"}) {
      for (const json& one : document_["spec"].value(list, json::array())) {
        auto at = time_of(one.value("at", json())), length = time_of(one.value("for", json("0s")));
        if (!at || !length) return when;
        if (*at <= when) out = std::max(out, *at + *length);
      }
    }
    return std::min(out, when);
  }

  /// The begin of an expectation whose length stands beside it.
  void moved(const Pointer& at) {
    if (!holds(at)) return;
    if (auto value = time_of(document_[at])) time(at, settled(*value));
  }

  /// Both ends together.
  void window(const Pointer& at) {
    if (!holds(at / "from") || !holds(at / "to")) return;
    auto from = time_of(document_[at / "from"]), to = time_of(document_[at / "to"]);
    if (!from || !to) return;
    std::vector<json> values;
    for (const json& begin : shorter(*from, settled(*from))) {
      json value = document_[at];
      value["from"] = begin;
      value["to"] = duration_text(*time_of(begin) + *to - *from);
      values.push_back(std::move(value));
    }
    add(at, std::move(values));
  }

  void time(const Pointer& at, Duration least) {
    if (!holds(at)) return;
    if (auto value = time_of(document_[at])) add(at, shorter(*value, least));
  }
  void number(const Pointer& at) {
    if (holds(at) && document_[at].is_number_integer()) add(at, fewer(document_[at].get<std::int64_t>()));
  }
  void add(const Pointer& at, std::vector<json> values) {
    if (!values.empty()) out_.push_back({at, std::move(values)});
  }

  const json& document_;
  std::vector<Lesser> out_;
};

/// Moments of the run, counted from its begin.
std::vector<Pointer> moments(const json& document) {
  std::vector<Pointer> out;
  const Pointer spec("/spec");
  auto see = [&](const Pointer& at) {
    if (document.contains(at)) out.push_back(at);
  };
  see(spec / "liveness" / "after");
  for (const char* list : {"expect", "faults", "changes", "load"}) {
    std::size_t count = document.contains(spec / list) ? document[spec / list].size() : 0;
    for (std::size_t i = 0; i < count; ++i) {
      Pointer at = spec / list / i;
      for (const char* field : {"at", "start", "end"}) see(at / field);
      see(at / "during" / "from");
      // A window that begins with the run would become shorter.
      bool later = document.contains(at / "during" / "from") &&
                   time_of(document[at / "during" / "from"]).value_or(Duration(1)) > Duration(0);
      if (later) see(at / "during" / "to");
      see(at / "eventually" / "after");
    }
  }
  return out;
}

}  // namespace

std::vector<Lesser> lesser_values(const json& document) { return Search(document).all(); }

std::vector<json> earlier(const json& document) {
  std::optional<Duration> first;
  std::vector<std::pair<Pointer, Duration>> all;
  for (const Pointer& at : moments(document)) {
    auto time = time_of(document[at]);
    if (!time) return {};
    all.emplace_back(at, *time);
    if (*time > Duration(0)) first = std::min(first.value_or(*time), *time);
  }
  auto length = time_of(document["spec"]["duration"]);
  std::vector<json> out;
  if (!first || !length) return out;
  Duration last{};
  for (Duration by : {*first, *first / 2, *first / 4}) {
    by = rounded(by);
    if (by < seconds(1) || by == last || by >= *length) continue;
    last = by;
    json moved = document;
    for (const auto& [at, time] : all) moved[at] = duration_text(std::max(time - by, Duration(0)));
    moved["spec"]["duration"] = duration_text(*length - by);
    out.push_back(std::move(moved));
  }
  return out;
}

}  // namespace kumasim::scenario
