#pragma once

#include "common/backend_table.h"

// An open backend: its table and its own state.
struct xllm_backend {
    const xllm::BackendTable* table;
    void* state;
};
