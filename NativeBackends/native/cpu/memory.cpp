#include "cpu/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "common/errors.h"

namespace xllm::cpu {
namespace {

[[noreturn]] void refuse(int64_t bytes, const char* reason, int64_t physical) {
    throw OutOfMemory("allocate: " + std::to_string(bytes) + " bytes asked, " + reason + "; this machine has " + std::to_string(physical));
}

}  // namespace

void* allocate(int64_t bytes) {
    // Nothing is reserved in the swap account, so the system would promise more than there is; the machine's memory is the bound.
    // Whether that much is free is the caller's question, who knows what else it needs.
    const int64_t physical = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    if (bytes > physical) {
        refuse(bytes, "more than there is", physical);
    }

    if (bytes == 0) {
        bytes = 1;
    }

    void* address = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) {
        refuse(bytes, "the system refused", physical);
    }

#ifdef MADV_HUGEPAGE
    // Fewer page-table walks; a hint that may be refused.
    constexpr int64_t kHugePage = 2 << 20;
    if (bytes >= kHugePage) {
        madvise(address, static_cast<size_t>(bytes), MADV_HUGEPAGE);
    }
#endif
    return address;
}

void release(void* address, int64_t bytes) { munmap(address, static_cast<size_t>(bytes == 0 ? 1 : bytes)); }

}  // namespace xllm::cpu
