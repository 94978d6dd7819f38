/// Control planes of several sites as processes, and what they tell of one another.
#pragma once

#include "tests/live/kuma_cp_bed.hpp"

namespace kumasim::live {

class ZonesBed : public KumaCp {
 protected:
  struct Site {
    std::string name, program;
    std::uint16_t rest = 0;
    std::map<std::string, std::string> settings;
    ChildProcess* process = nullptr;
  };

  Site site(std::string name, std::string program, std::string mode) {
    Site out{.name = std::move(name), .program = std::move(program), .settings = {}};
    for (auto* port : {&rest, &https, &dp, &diagnostics}) *port = free_port();
    out.rest = rest;
    out.settings = settings();
    out.settings["KUMA_MODE"] = std::move(mode);
    out.settings["KUMA_STORE_TYPE"] = "memory";
    out.settings["KUMA_GENERAL_WORK_DIR"] = directory + "/" + out.name;
    out.settings["KUMA_GENERAL_RESILIENT_COMPONENT_BASE_BACKOFF"] = "500ms";
    out.settings["KUMA_GENERAL_RESILIENT_COMPONENT_MAX_BACKOFF"] = "1s";
    out.settings["KUMA_INTER_CP_SERVER_PORT"] = std::to_string(free_port());
    out.settings["KUMA_MONITORING_ASSIGNMENT_SERVER_PORT"] = std::to_string(free_port());
    out.settings["KUMA_REPORTS_ENABLED"] = "false";
    return out;
  }

  asio::awaitable<void> begin(Site& site) {
    site.process = &start(site.program, {"run"}, site.name, site.settings);
    co_await wait_for(url(site, "/"));
  }
  asio::awaitable<void> kill(Site& site) {
    site.process->kill();
    co_await site.process->wait();
  }

  static std::string url(const Site& site, const std::string& path) {
    return fmt::format("http://127.0.0.1:{}{}", site.rest, path);
  }
  asio::awaitable<Json> get(const Site& site, std::string path) {
    auto answer = co_await call("GET", url(site, path));
    co_return Json::parse(answer.body, nullptr, false);
  }
  asio::awaitable<void> put(const Site& site, std::string path, Json body) {
    rest = site.rest;
    co_await KumaCp::put(std::move(path), std::move(body));
  }

  /// Until it holds, for at most 40 s: a release writes what it knows of a new stream after up to 10 s.
  asio::awaitable<void> comes(std::string what, std::function<asio::awaitable<bool>()> holds) {
    for (int i = 0; i < 200; ++i) {
      bool now = co_await holds();
      if (now) co_return;
      co_await sleep(live.runtime().timers, 200ms);
    }
    ADD_FAILURE() << "never: " << what;
  }

  /// Whether the last of the zone's streams is open, as Global tells it.
  asio::awaitable<bool> online(const Site& global) {
    Json overview = co_await get(global, "/zones/east/_overview");
    const Json::json_pointer at("/zoneInsight/subscriptions");
    if (!overview.is_object() || !overview.contains(at) || overview[at].empty()) co_return false;
    co_return !overview[at].back().contains("disconnectTime");
  }
  /// The name at Global of the zone's proxy; "" where it is not there.
  asio::awaitable<std::string> name_of(const Site& global, std::string display_name) {
    Json list = co_await get(global, "/meshes/default/dataplanes");
    if (!list.is_object()) co_return "";
    for (const Json& each : list.value("items", Json::array()))
      if (each["labels"].value("kuma.io/display-name", "") == display_name &&
          each["labels"].value("kuma.io/zone", "") == "east")
        co_return each.value("name", "");
    co_return "";
  }
};

}  // namespace kumasim::live
