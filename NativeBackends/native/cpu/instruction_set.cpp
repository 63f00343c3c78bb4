#include "cpu/instruction_set.h"

#include <string>

#include "common/errors.h"

namespace xllm::cpu {
namespace {

// What this build has; the processor part is the compiler's own check of cpuid and of what the system saves on a context switch.
struct Candidate {
    const char* name;
    const KernelTable* kernels;  // or null, where this build leaves them out
    bool (*runs_here)();
};

constexpr Candidate kPortable = {
    "portable",
#ifdef XLLM_WITH_PORTABLE
    &portable::kernels,
#else
    nullptr,
#endif
    [] { return true; }};

#if defined(__x86_64__)
constexpr Candidate kAvx2 = {
    "avx2",
#ifdef XLLM_WITH_AVX2
    &avx2::kernels,
#else
    nullptr,
#endif
    [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"); }};

constexpr Candidate kAvx512 = {
    "avx512",
#ifdef XLLM_WITH_AVX512
    &avx512::kernels,
#else
    nullptr,
#endif
    [] {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
    }};
#else
constexpr Candidate kAvx2 = {"avx2", nullptr, [] { return false; }};
constexpr Candidate kAvx512 = {"avx512", nullptr, [] { return false; }};
#endif

const KernelTable* kernels_of(const Candidate& candidate) {
    return candidate.kernels != nullptr && candidate.runs_here() ? candidate.kernels : nullptr;
}

const KernelTable* best_kernels() {
    for (const Candidate* candidate : {&kAvx512, &kAvx2, &kPortable}) {
        if (const KernelTable* kernels = kernels_of(*candidate)) {
            return kernels;
        }
    }

    return nullptr;
}

const KernelTable& best_or_throw() {
    if (const KernelTable* best = best_kernels()) {
        return *best;
    }

    throw Unsupported(std::string("cpu: ") + kernels_missing());
}

const KernelTable& require(const Candidate& candidate) {
    if (const KernelTable* kernels = kernels_of(candidate)) {
        return *kernels;
    }

    throw Unsupported(std::string("cpu: this processor or this build has no ") + candidate.name + "; the best present is " +
                      best_or_throw().instructions);
}

}  // namespace

const char* kernels_missing() {
    return best_kernels() != nullptr ? nullptr
                                     : "the library was built for another processor's instructions alone and this one lacks them; build it "
                                       "here, or everywhere with -p:XllmNativeIsas=all";
}

const KernelTable& kernels_for(int32_t instruction_set) {
    switch (instruction_set) {
        case XLLM_ISA_AUTO:
            return best_or_throw();
        case XLLM_ISA_PORTABLE:
            return require(kPortable);
        case XLLM_ISA_AVX2:
            return require(kAvx2);
        case XLLM_ISA_AVX512:
            return require(kAvx512);
        default:
            throw InvalidArgument("cpu: instruction set " + std::to_string(instruction_set) + " is not in [0, 3]");
    }
}

}  // namespace xllm::cpu
