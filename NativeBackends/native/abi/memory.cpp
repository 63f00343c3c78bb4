// Memory of a backend.
#include <string>

#include "abi/backend.h"
#include "abi/guarded.h"

namespace {

void require_size(const char* what, int64_t bytes) {
    if (bytes < 0) {
        throw xllm::InvalidArgument(std::string(what) + ": " + std::to_string(bytes) + " bytes; it must be at least 0");
    }
}

}  // namespace

xllm_status xllm_allocate(xllm_backend* backend, int64_t bytes, void** address) {
    return xllm::guarded([&] {
        require_size("allocate", bytes);
        *address = backend->table->allocate(backend->state, bytes);
    });
}

xllm_status xllm_free(xllm_backend* backend, void* address, int64_t bytes) {
    return xllm::guarded([&] { backend->table->free(backend->state, address, bytes); });
}

xllm_status xllm_upload(xllm_backend* backend, const void* source, void* destination, int64_t bytes) {
    return xllm::guarded([&] {
        require_size("upload", bytes);
        backend->table->upload(backend->state, source, destination, bytes);
    });
}

xllm_status xllm_download(xllm_backend* backend, const void* source, void* destination, int64_t bytes) {
    return xllm::guarded([&] {
        require_size("download", bytes);
        backend->table->download(backend->state, source, destination, bytes);
    });
}
