#pragma once

#include "common/backend_table.h"

namespace xllm::cpu {

const BackendTable& backend_table();

}  // namespace xllm::cpu
