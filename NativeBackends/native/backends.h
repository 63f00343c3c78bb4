// The backends of this build, best first. A backend adds its line, under the option of CMakeLists.txt that builds its folder;
// this is the only place outside that folder that asks for the option.
#pragma once

#include "common/backend_table.h"
#include "cpu/backend.h"

namespace xllm {

inline constexpr const BackendTable& (*kBackends[])() = {cpu::backend_table};
inline constexpr int kBackendCount = sizeof kBackends / sizeof kBackends[0];

}  // namespace xllm
