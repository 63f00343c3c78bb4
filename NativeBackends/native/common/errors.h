// What a backend throws; abi/ turns each into its status. std::bad_alloc is XLLM_OUT_OF_MEMORY, any other exception XLLM_FAILED.
#pragma once

#include <stdexcept>

namespace xllm {

struct InvalidArgument : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Unsupported : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct OutOfMemory : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace xllm
