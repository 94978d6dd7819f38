/// Messages as bytes that are the same in every run: protobuf's own order of map entries differs between processes.
#pragma once

#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>

namespace kumasim::sim::proxy {

inline std::string to_bytes(const ::google::protobuf::MessageLite& message) {
  std::string out;
  {
    ::google::protobuf::io::StringOutputStream stream(&out);
    ::google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return out;
}

}  // namespace kumasim::sim::proxy
