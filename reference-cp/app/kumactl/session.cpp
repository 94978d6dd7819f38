#include "reference-cp/app/kumactl/session.hpp"

#include <ostream>

#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/model/duration.hpp"

namespace kumasim::cp {

namespace {

constexpr const char* broken =
    "apparently, configuration is broken. Use `kumactl config control-planes add` to add a Control Plane and make it "
    "active";

}  // namespace

Session::Session(const Console& console)
    : console_(console),
      live_(std::make_unique<live::LiveRuntime>(live::LiveOptions{.log = {.level = LogLevel::off}})) {}

Session::~Session() = default;

std::string Session::config_path() const {
  return config_file.empty() ? console_.home + "/.kumactl/config" : config_file;
}

Result<> Session::load_config() {
  if (no_config) return {};
  auto path = config_path();
  auto text = live::read_file(path);
  if (!text && text.error().code == Code::not_found) return save_config();
  if (!text) return fail(text.error());
  auto read = ConfigFile::parse(*text, path);
  if (!read) return fail(read.error());
  config = std::move(*read);
  return {};
}

Result<> Session::save_config() {
  auto path = config_path();
  if (auto cut = path.rfind('/'); cut != std::string::npos && cut > 0)
    if (auto made = live::make_directories(path.substr(0, cut)); !made) return made;
  return live::write_file(path, config.text(), {.secret = true});
}

Result<RestClient*> Session::client() {
  if (client_) return client_.get();
  auto timeout = parse_duration(api_timeout);
  if (!timeout)
    return fail(Code::invalid_argument, "invalid argument \"" + api_timeout + "\" for \"--api-timeout\" flag");
  auto name = context;
  if (name.empty()) {
    if (config.current().empty())
      return fail(Code::not_found, "active Control Plane is not set. Use `kumactl config control-planes add` to add a "
                                   "Control Plane and make it active");
    auto found = config.context_control_plane(config.current());
    if (!found) return fail(Code::not_found, broken);
    name = *found;
  }
  auto control_plane = config.control_plane(name);
  if (!control_plane) return fail(Code::not_found, broken);
  auto made = RestClient::create(*live_, *control_plane, *timeout);
  if (!made) {
    auto error = made.error();
    error.message = "failed to create a client for Control Plane \"" + name + "\": " + error.message;
    return fail(std::move(error));
  }
  client_ = std::move(*made);
  return client_.get();
}

void Session::check_compatibility() {
  auto rest = client();
  auto index = rest ? (*rest)->index() : fail(rest.error());
  if (!index) {
    error() << "WARNING: Failed to retrieve server version, can't check compatibility: " << index.error().message
            << "\n";
    return;
  }
  auto version = index->value("version", "");
  auto product = index->value("product", "");
  auto preview = version.starts_with("0.0.0-preview") || version == "unknown";
  if (preview || (version == kuma_version && product == kuma_product)) return;
  error() << "WARNING: You are using kumactl version " << kuma_version << " for " << kuma_product
          << ", but the server returned version: " << product << " for " << version << "\n";
}

}  // namespace kumasim::cp
