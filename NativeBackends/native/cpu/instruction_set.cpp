#include "cpu/instruction_set.h"

#include <string>

#include "common/errors.h"

namespace xllm::cpu {
namespace {

// The compiler's own check of cpuid and of what the system saves on a context switch.
const KernelTable* avx512_kernels() {
#ifdef XLLM_WITH_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma")) {
        return &avx512::kernels;
    }
#endif
    return nullptr;
}

const KernelTable* avx2_kernels() {
#ifdef XLLM_WITH_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
        return &avx2::kernels;
    }
#endif
    return nullptr;
}

const KernelTable& require(const KernelTable* kernels, const char* name) {
    if (kernels == nullptr) {
        throw Unsupported(std::string("cpu: this processor or this build has no ") + name + "; the best present is " +
                          kernels_for(XLLM_ISA_AUTO).instructions);
    }

    return *kernels;
}

}  // namespace

const KernelTable& kernels_for(int32_t instruction_set) {
    switch (instruction_set) {
        case XLLM_ISA_AUTO:
            return avx512_kernels() != nullptr ? *avx512_kernels() : avx2_kernels() != nullptr ? *avx2_kernels() : portable::kernels;
        case XLLM_ISA_PORTABLE:
            return portable::kernels;
        case XLLM_ISA_AVX2:
            return require(avx2_kernels(), "avx2");
        case XLLM_ISA_AVX512:
            return require(avx512_kernels(), "avx512");
        default:
            throw InvalidArgument("cpu: instruction set " + std::to_string(instruction_set) + " is not in [0, 3]");
    }
}

}  // namespace xllm::cpu
