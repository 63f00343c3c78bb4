// Opening and closing backends, and the words of the last error.
#include "abi/backend.h"

#include <cstring>
#include <string>

#include "abi/guarded.h"
#include "backends.h"

namespace {

thread_local char last_error[1024] = "";

// A thread's worth: more is a mistake in the configuration, not a machine.
constexpr int32_t kMostThreads = 1024;

bool is_backend(int32_t index) { return index >= 0 && index < xllm::kBackendCount; }

}  // namespace

void xllm::remember_error(const char* words) noexcept {
    std::strncpy(last_error, words, sizeof last_error - 1);
    last_error[sizeof last_error - 1] = '\0';
}

int32_t xllm_abi_version(void) { return XLLM_ABI_VERSION; }

const char* xllm_last_error(void) { return last_error; }

int32_t xllm_backend_count(void) { return xllm::kBackendCount; }

const char* xllm_backend_name(int32_t index) { return is_backend(index) ? xllm::kBackends[index]().name : nullptr; }

const char* xllm_backend_missing(int32_t index) { return is_backend(index) ? xllm::kBackends[index]().missing() : "no such backend"; }

xllm_status xllm_backend_open(const char* name, const xllm_options* options, xllm_backend** backend) {
    return xllm::guarded([&] {
        *backend = nullptr;
        if (options->threads < 1 || options->threads > kMostThreads) {
            throw xllm::InvalidArgument("open: " + std::to_string(options->threads) + " threads; it must be 1 to " +
                                        std::to_string(kMostThreads));
        }

        for (const auto& entry : xllm::kBackends) {
            const xllm::BackendTable& table = entry();
            if (std::strcmp(table.name, name) != 0) {
                continue;
            }

            if (const char* reason = table.missing()) {
                throw xllm::Unsupported(std::string(name) + ": " + reason);
            }

            *backend = new xllm_backend{&table, table.open(*options)};
            return;
        }

        throw xllm::Unsupported("open: this build has no backend '" + std::string(name) + "'");
    });
}

void xllm_backend_close(xllm_backend* backend) {
    if (backend != nullptr) {
        backend->table->close(backend->state);
        delete backend;
    }
}

const char* xllm_backend_description(const xllm_backend* backend) { return backend->table->description(backend->state); }

int32_t xllm_backend_uses_host_memory(const xllm_backend* backend) { return backend->table->uses_host_memory ? 1 : 0; }
