/// What several proxies of one mesh get alike, made once (decision 0012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp {

class SharedGeneration {
 public:
  SharedGeneration();
  ~SharedGeneration();

  /// From now on for this view. `affected` is all that has changed since the view before: what it leaves as it was is
  /// kept, and gets its new endpoints when somebody asks for it.
  void follow(MeshView::Ptr view, const Affected& affected);
  bool is_for(const MeshView& view) const { return view_.get() == &view; }

  /// What nobody has asked for while endpoints changed so many times is made anew: perhaps no proxy has it any more.
  static constexpr std::size_t changes_max = 100;
  /// How many different clients are remembered, and how often one of them got new endpoints.
  std::size_t clients() const;
  std::uint64_t refreshes() const;

  struct Tables;
  /// For generation alone.
  Tables& tables() { return *tables_; }

 private:
  MeshView::Ptr view_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace kumasim::cp
