/// JSON to bytes and back, over the descriptors that the program carries.
#include "reference-cp/kds/kind_messages.hpp"

#include <cassert>
#include <memory>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <nlohmann/json.hpp>

#include "reference-cp/kds/message_json.hpp"
#include "reference-cp/xds/wire.hpp"

// proto/CMakeLists.txt writes these.
extern const unsigned char kumasim_kind_messages[];
extern const unsigned long kumasim_kind_messages_size;

namespace kumasim::cp::kds {
namespace {

using nlohmann::json;
namespace protobuf = google::protobuf;

/// Immutable once it is made.
class KindMessages {
 public:
  KindMessages() {
    protobuf::FileDescriptorSet files;
    bool built = files.ParseFromArray(kumasim_kind_messages, static_cast<int>(kumasim_kind_messages_size));
    for (const auto& file : files.file()) built = built && pool_.BuildFile(file) != nullptr;
    assert(built && "the program's own descriptors can be read");
  }

  /// An empty one; nullptr for a type that is no kind's.
  std::unique_ptr<protobuf::Message> make(std::string_view type_name) {
    const auto* type = pool_.FindMessageTypeByName(std::string(type_name));
    return type == nullptr ? nullptr : std::unique_ptr<protobuf::Message>(factory_.GetPrototype(type)->New());
  }

 private:
  protobuf::DescriptorPool pool_;
  protobuf::DynamicMessageFactory factory_{&pool_};
};

KindMessages& kind_messages() {
  static auto* out = new KindMessages;  // messages may outlive everything else
  return *out;
}

std::unexpected<Error> no_message(std::string_view type_name) {
  return fail(Code::internal, fmt::format("there is no message {}", type_name));
}

}  // namespace

Result<std::string> bytes_from_json(std::string_view type_name, const json& value) {
  auto message = kind_messages().make(type_name);
  if (message == nullptr) return no_message(type_name);
  if (auto filled = message_from_json(value, *message); !filled)
    return fail(Code::internal, filled.error().message, filled.error().field);
  // Entries that were added to a map one by one are only ordered, and whole, once it has been read as a map.
  // Text that is not UTF-8 is written, and not read.
  if (!message->ParseFromString(deterministic_bytes(*message)))
    return fail(Code::internal, fmt::format("its {} has text that is not UTF-8", type_name));
  return deterministic_bytes(*message);
}

Result<json> json_from_bytes(std::string_view type_name, std::string_view bytes) {
  auto message = kind_messages().make(type_name);
  if (message == nullptr) return no_message(type_name);
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Code::invalid_argument, fmt::format("the bytes are no {}", type_name));
  return message_to_json(*message);
}

}  // namespace kumasim::cp::kds
