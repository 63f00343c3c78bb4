// Ranges of zeroed memory whose pages the system gives when they are first written.
#pragma once

#include <cstdint>

namespace xllm::cpu {

// Aligned to a page. Throws OutOfMemory with both numbers.
void* allocate(int64_t bytes);
void release(void* address, int64_t bytes);

}  // namespace xllm::cpu
