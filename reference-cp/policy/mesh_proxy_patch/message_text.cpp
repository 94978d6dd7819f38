/// Messages by their descriptors.
#include "reference-cp/policy/mesh_proxy_patch/message_text.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/wrappers.pb.h>

#include "reference-cp/model/yaml.hpp"
#include "reference-cp/policy/mesh_proxy_patch/json_patch.hpp"
#include "reference-cp/xds/envoy_types.hpp"
#include "reference-cp/xds/text/go_json.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::mesh_proxy_patch {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::json;
using MessagePtr = std::unique_ptr<Message>;

bool is_duration(const Descriptor& type) { return type.full_name() == "google.protobuf.Duration"; }

using Visit = std::function<void(Any&)>;

/// Every Any outside of other ones.
void for_each_any(Message& message, const Visit& visit) {
  if (message.GetDescriptor() == Any::descriptor()) return visit(dynamic_cast<Any&>(message));
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) for_each_any(*reflection.MutableMessage(&message, field), visit);
    for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i)
      for_each_any(*reflection.MutableRepeatedMessage(&message, field, i), visit);
  }
}

/// Stands in for parts of a message that cannot be shown as JSON, as Envoy's API does not have their type.
class Opaque {
 public:
  void hide(Message& message) {
    for_each_any(message, [&](Any& any) {
      if (MessagePtr held = unpack(any)) {
        hide(*held);
        pack(*held, any);
        return;
      }
      google::protobuf::StringValue stand_in;
      stand_in.set_value(mark_ + std::to_string(hidden_.size()));
      hidden_.push_back(any);
      pack(stand_in, any);
    });
  }

  void show(Message& message) const {
    for_each_any(message, [&](Any& any) {
      google::protobuf::StringValue stand_in;
      if (any.UnpackTo(&stand_in)) {
        for (std::size_t i = 0; i < hidden_.size(); ++i)
          if (stand_in.value() == mark_ + std::to_string(i)) any = hidden_[i];
      } else if (MessagePtr held = unpack(any)) {
        show(*held);
        pack(*held, any);
      }
    });
  }

 private:
  const std::string mark_ = "opaque part ";
  std::vector<Any> hidden_;
};

/// So that a merge sets what `change` says in full.
void clear_durations(Message& into, const Message& change) {
  std::vector<const FieldDescriptor*> fields;
  change.GetReflection()->ListFields(change, &fields);
  const auto& reflection = *into.GetReflection();
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!reflection.HasField(into, field)) continue;
    if (is_duration(*field->message_type()))
      reflection.ClearField(&into, field);
    else
      clear_durations(*reflection.MutableMessage(&into, field), change.GetReflection()->GetMessage(change, field));
  }
}

}  // namespace

std::unique_ptr<Message> unpack(const Any& any) {
  const Descriptor* type = envoy_types::find(any.type_url());
  if (!type) return nullptr;
  MessagePtr message = envoy_types::make(*type);
  return message->ParseFromString(any.value()) ? std::move(message) : nullptr;
}

Result<> read_message(std::string_view text, Message& out) {
  auto documents = parse_yaml(text, "value");
  if (!documents) return std::unexpected(documents.error());
  Json value = documents->empty() ? Json() : documents->front().value;
  return read_go_json(value, out);
}

void merge(Message& into, const Message& change) {
  clear_durations(into, change);
  into.MergeFrom(change);
}

Result<> merge_any(Any& into, const Any& change) {
  if (change.type_url().empty()) return {};
  if (into.type_url().empty()) {
    into = change;
    return {};
  }
  if (into.type_url() != change.type_url())
    return fail(Code::invalid_argument, change.type_url() + " is not the type of what it changes: " + into.type_url());
  MessagePtr whole = unpack(into), part = unpack(change);
  if (!whole || !part) return fail(Code::invalid_argument, "unknown type: " + into.type_url());
  merge(*whole, *part);
  pack(*whole, into);
  return {};
}

Result<> patch(Message& message, const Json& patches) {
  Opaque opaque;
  MessagePtr shown(message.New());
  shown->CopyFrom(message);
  opaque.hide(*shown);
  auto text = envoy_types::to_json(*shown);
  if (!text) return fail(text.error());
  Json value = Json::parse(*text);
  for (const Json& operation : patches)
    if (auto applied = apply_json_patch(value, operation); !applied) return applied;
  MessagePtr patched(message.New());
  if (auto read = read_go_json(value, *patched); !read) return read;
  opaque.show(*patched);
  message.CopyFrom(*patched);
  return {};
}

Result<> patch_any(Any& any, const Json& patches) {
  MessagePtr held = unpack(any);
  if (!held) return fail(Code::invalid_argument, "unknown type: " + any.type_url());
  if (auto patched = patch(*held, patches); !patched) return patched;
  pack(*held, any);
  return {};
}

}  // namespace kumasim::cp::policy::mesh_proxy_patch
