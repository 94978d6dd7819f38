/// What several proxies of one mesh get alike, made once (decision 0012).
#pragma once

#include <memory>

#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp {

class SharedGeneration {
 public:
  SharedGeneration();
  ~SharedGeneration();

  /// From now on for this view. `affected` is all that has changed since the view before: what it leaves as it was is
  /// kept, with new endpoints.
  void follow(MeshView::Ptr view, const Affected& affected);
  bool is_for(const MeshView& view) const { return view_.get() == &view; }

  struct Tables;
  /// For generation alone.
  Tables& tables() { return *tables_; }

 private:
  MeshView::Ptr view_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace kumasim::cp
