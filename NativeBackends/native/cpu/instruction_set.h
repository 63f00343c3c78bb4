// Which of the compiled instruction sets this processor has.
#pragma once

#include <cstdint>

#include "cpu/kernels.h"

namespace xllm::cpu {

// The kernels of an instruction set, or of the best one for XLLM_ISA_AUTO. Throws where this build or this processor lacks it.
const KernelTable& kernels_for(int32_t instruction_set);

// Why no kernels of this build can run on this processor; null where some can.
const char* kernels_missing();

}  // namespace xllm::cpu
