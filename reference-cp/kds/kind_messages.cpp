/// JSON to bytes and back by protobuf's own library, over the descriptors that the program carries.
#include "reference-cp/kds/kind_messages.hpp"

#include <cassert>
#include <memory>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <nlohmann/json.hpp>

#include "reference-cp/model/json_text.hpp"
#include "reference-cp/xds/wire.hpp"

// proto/CMakeLists.txt writes these.
extern const unsigned char kumasim_kind_messages[];
extern const unsigned long kumasim_kind_messages_size;

namespace kumasim::cp::kds {
namespace {

using nlohmann::json;
namespace protobuf = google::protobuf;
namespace util = google::protobuf::util;

constexpr std::string_view url_prefix = "type.googleapis.com";

std::string url_of(std::string_view type_name) { return fmt::format("{}/{}", url_prefix, type_name); }

/// Immutable once it is made.
class KindMessages {
 public:
  KindMessages() {
    protobuf::FileDescriptorSet files;
    bool built = files.ParseFromArray(kumasim_kind_messages, static_cast<int>(kumasim_kind_messages_size));
    for (const auto& file : files.file()) built = built && pool_.BuildFile(file) != nullptr;
    assert(built && "the program's own descriptors can be read");
    resolver_.reset(util::NewTypeResolverForDescriptorPool(std::string(url_prefix), &pool_));
  }

  util::TypeResolver& resolver() { return *resolver_; }

  std::unique_ptr<protobuf::Message> make(std::string_view type_name) {
    const auto* type = pool_.FindMessageTypeByName(std::string(type_name));
    return type == nullptr ? nullptr : std::unique_ptr<protobuf::Message>(factory_.GetPrototype(type)->New());
  }

 private:
  protobuf::DescriptorPool pool_;
  protobuf::DynamicMessageFactory factory_{&pool_};
  std::unique_ptr<util::TypeResolver> resolver_;
};

KindMessages& kind_messages() {
  static auto* out = new KindMessages;  // messages may outlive everything else
  return *out;
}

}  // namespace

Result<std::string> message_from_json(std::string_view type_name, const json& value) {
  auto message = kind_messages().make(type_name);
  if (message == nullptr) return fail(Code::internal, fmt::format("there is no message {}", type_name));
  std::string bytes;
  auto status = util::JsonToBinaryString(&kind_messages().resolver(), url_of(type_name), value.dump(), &bytes);
  if (!status.ok()) return fail(Code::internal, std::string(status.message()));
  const bool parsed = message->ParseFromString(bytes);
  assert(parsed && "protobuf's own bytes");
  return deterministic_bytes(*message);
}

Result<json> json_from_message(std::string_view type_name, std::string_view bytes) {
  auto message = kind_messages().make(type_name);
  if (message == nullptr) return fail(Code::internal, fmt::format("there is no message {}", type_name));
  // protobuf's JSON is less strict about bytes than its messages are.
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Code::invalid_argument, fmt::format("the bytes are no {}", type_name));
  std::string text;
  auto status = util::BinaryToJsonString(&kind_messages().resolver(), url_of(type_name), std::string(bytes), &text);
  if (!status.ok()) return fail(Code::invalid_argument, std::string(status.message()));
  return parse_json(text);
}

}  // namespace kumasim::cp::kds
