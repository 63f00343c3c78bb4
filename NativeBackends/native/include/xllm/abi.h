/*
 * The C interface of the native backends: the only header that C# mirrors (Interop/NativeMethods.cs).
 *
 * Rules
 *   - Nothing throws across. Every function that can fail returns an xllm_status; xllm_last_error() then has the words.
 *   - A tensor is a view: nobody here frees what it points to. Results are written to memory that the caller provides.
 *   - One thread at a time uses a backend. Different backends may be used by different threads.
 *   - Any change of a struct, an enum value or a signature raises XLLM_ABI_VERSION.
 *   - Sizes and offsets of the structs are exported by xllm_layout() and compared by tests/NativeBackends.Tests/AbiLayoutTests.cs.
 */
#ifndef XLLM_ABI_H
#define XLLM_ABI_H

#include <stdint.h>

#if defined(_WIN32)
#define XLLM_API __declspec(dllexport)
#else
#define XLLM_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define XLLM_ABI_VERSION 3

typedef enum xllm_status {
    XLLM_OK = 0,
    XLLM_INVALID_ARGUMENT = 1, /* shapes, types or numbers disagree; the error text has both */
    XLLM_OUT_OF_MEMORY = 2,
    XLLM_UNSUPPORTED = 3, /* this machine or this build cannot do it */
    XLLM_FAILED = 4       /* anything else: a fault of the backend */
} xllm_status;

/* Element types, named as safetensors names them. */
typedef enum xllm_dtype {
    XLLM_F32 = 0,
    XLLM_BF16 = 1,
    XLLM_F16 = 2,
    XLLM_I32 = 3,
    XLLM_I8 = 4,
    XLLM_U8 = 5,
    XLLM_F8E4M3 = 6,
    XLLM_I64 = 7
} xllm_dtype;

/* How a weight matrix is stored; Ops/WeightFormat.cs has the layout and the arithmetic of each. */
typedef enum xllm_weight_format {
    XLLM_WEIGHT_F32 = 0,
    XLLM_WEIGHT_BF16 = 1,
    XLLM_WEIGHT_F16 = 2,
    XLLM_WEIGHT_F8E4M3 = 3, /* codes; scales beside them */
    XLLM_WEIGHT_I8 = 4,     /* codes; scales and perhaps zeros beside them */
    XLLM_WEIGHT_I4 = 5,     /* the same, 32 columns in 16 bytes */
    XLLM_WEIGHT_Q4_0 = 6,   /* blocks of GGUF files: 32 columns */
    XLLM_WEIGHT_Q8_0 = 7,
    XLLM_WEIGHT_Q4_K = 8, /* 256 columns */
    XLLM_WEIGHT_Q5_K = 9,
    XLLM_WEIGHT_Q6_K = 10
} xllm_weight_format;

typedef enum xllm_instruction_set { XLLM_ISA_AUTO = 0, XLLM_ISA_PORTABLE = 1, XLLM_ISA_AVX2 = 2, XLLM_ISA_AVX512 = 3 } xllm_instruction_set;

typedef enum xllm_rope_pairing { XLLM_ROPE_HALVES = 0, XLLM_ROPE_INTERLEAVED = 1 } xllm_rope_pairing;

typedef enum xllm_expert_score { XLLM_EXPERT_SOFTMAX = 0, XLLM_EXPERT_SIGMOID = 1 } xllm_expert_score;

typedef enum xllm_expert_group_score { XLLM_EXPERT_GROUP_BEST = 0, XLLM_EXPERT_GROUP_SUMOFTWOBEST = 1 } xllm_expert_group_score;

typedef enum xllm_gelu_kind { XLLM_GELU_EXACT = 0, XLLM_GELU_TANH = 1, XLLM_GELU_QUICK = 2 } xllm_gelu_kind;

/* A matrix: elements of a row are adjacent, rows are row_stride elements apart. */
typedef struct xllm_tensor {
    void* data;
    int32_t dtype;
    int32_t rows;
    int32_t columns;
    int32_t row_stride;
} xllm_tensor;

/* A weight matrix [rows outputs, columns inputs]; rows are dense, data may have any alignment. The last five are for formats with scales. */
typedef struct xllm_weight {
    const void* data;
    int32_t format;
    int32_t rows;
    int32_t columns;
    int32_t row_block;    /* rows that share a scale */
    int32_t column_block; /* stored columns that share a scale: a multiple of 32, or at least all of them */
    const float* scales;  /* [ceil(rows / row_block), ceil(columns / column_block)] */
    const void* zeros;    /* a byte per scale, signed for I8; or NULL */
    const int32_t* order; /* the input that each stored column belongs to, each input once; or NULL: as they stand */
} xllm_weight;

/* Keys and values of one layer: block b's keys are at pool + b * block_stride + key_offset, [kv_heads, block_tokens, head_size]. */
typedef struct xllm_kv_layer {
    void* pool;
    int32_t dtype; /* XLLM_F32, XLLM_BF16, or XLLM_I8: a vector is its scale (F32), then a signed code per column */
    int32_t block_tokens;
    int32_t kv_heads;
    int32_t head_size;
    int64_t block_stride;
    int64_t key_offset;
    int64_t value_offset;
} xllm_kv_layer;

/* Rows of a step by sequence; all I32. A row of a sequence with n rows and context c is at position c - n + (row in the sequence). */
typedef struct xllm_attention_batch {
    xllm_tensor row_starts;      /* [1, sequences + 1] */
    xllm_tensor context_lengths; /* [1, sequences] */
    xllm_tensor block_tables;    /* [sequences, most blocks] */
    xllm_tensor slots;           /* [1, rows]; distinct */
} xllm_attention_batch;

typedef struct xllm_head_layout {
    int32_t query_heads;
    int32_t kv_heads;
    int32_t head_size;
} xllm_head_layout;

/* One layer's recurrent state inside a KV pool: a sequence holds `blocks` blocks that need not be adjacent. Head h's matrix is number
 * m = first_matrix + h: in block m / matrices_per_block of those, matrix_bytes apart. Row w of the convolution's window is number
 * n = first_row + w: in block first_row_block + n / rows_per_block, row_bytes apart. */
typedef struct xllm_state_layer {
    void* pool;
    int64_t block_stride;
    int32_t heads;         /* matrices [key_columns, value_columns] F32, one after the other */
    int32_t key_columns;
    int32_t value_columns;
    int32_t channels;      /* columns of a window row, F32 */
    int32_t window;        /* rows: inputs that the convolution looks back at; position p lies in row p mod window */
    int32_t blocks;
    int32_t first_matrix;
    int32_t matrices_per_block;
    int32_t first_row;
    int32_t rows_per_block;
    int32_t first_row_block;
} xllm_state_layer;

/* How a row's experts are chosen and weighed; see Ops/ExpertRouting.cs. */
typedef struct xllm_expert_routing {
    int32_t chosen;
    int32_t score; /* xllm_expert_score */
    int32_t groups;
    int32_t chosen_groups;
    int32_t group_score; /* xllm_expert_group_score */
    int32_t normalize;   /* 0 or 1 */
    float scale;
} xllm_expert_routing;

/* The networks of a layer's experts: arrays of count weights. */
typedef struct xllm_expert_weights {
    const xllm_weight* gate; /* [intermediate, hidden] each */
    const xllm_weight* up;   /* [intermediate, hidden] each */
    const xllm_weight* down; /* [hidden, intermediate] each */
    int32_t count;
} xllm_expert_weights;

/* The rows of a weight that belong to head h: [h * stride + first, h * stride + first + count). */
typedef struct xllm_head_slice {
    int32_t heads;
    int32_t stride;
    int32_t first;
    int32_t count;
} xllm_head_slice;

typedef struct xllm_options {
    int32_t threads;         /* that compute, the caller included; at least 1 */
    int32_t instruction_set; /* xllm_instruction_set; for the CPU */
} xllm_options;

typedef struct xllm_backend xllm_backend;

/* A size, an offset or a value of this header: "xllm_tensor" is the size, "xllm_tensor.rows" an offset, "XLLM_BF16" a value. */
typedef struct xllm_layout_entry {
    const char* name;
    int64_t value;
} xllm_layout_entry;

/* The library. */
XLLM_API int32_t xllm_abi_version(void);
XLLM_API int32_t xllm_layout(const xllm_layout_entry** entries); /* returns their number */
XLLM_API const char* xllm_last_error(void);                      /* of this thread's last failed call; never NULL */
XLLM_API int32_t xllm_backend_count(void);                       /* backends that this library was built with, best first */
XLLM_API const char* xllm_backend_name(int32_t index);
XLLM_API const char* xllm_backend_missing(int32_t index); /* why it cannot run on this machine; NULL where it can */

/* A backend. */
XLLM_API xllm_status xllm_backend_open(const char* name, const xllm_options* options, xllm_backend** backend);
XLLM_API void xllm_backend_close(xllm_backend* backend);
XLLM_API const char* xllm_backend_description(const xllm_backend* backend);  /* valid until close */
XLLM_API int32_t xllm_backend_uses_host_memory(const xllm_backend* backend); /* 1: its addresses can be read by the host */

/* Memory. Zeroed, aligned to 64 or more, physical pages taken when first written where the system can. */
XLLM_API xllm_status xllm_allocate(xllm_backend* backend, int64_t bytes, void** address);
XLLM_API xllm_status xllm_free(xllm_backend* backend, void* address, int64_t bytes);
XLLM_API xllm_status xllm_upload(xllm_backend* backend, const void* source, void* destination, int64_t bytes);
XLLM_API xllm_status xllm_download(xllm_backend* backend, const void* source, void* destination, int64_t bytes);

/* Operations, as Ops/IOps.cs describes them. y is the result: provided by the caller, of the described shape. */
XLLM_API xllm_status xllm_embedding(xllm_backend* backend, const xllm_tensor* ids, const xllm_weight* table, const xllm_tensor* y);
XLLM_API xllm_status xllm_rows(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* indices, const xllm_tensor* y);
XLLM_API xllm_status xllm_rms_norm(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight, float epsilon,
                                   const xllm_tensor* y);
XLLM_API xllm_status xllm_rms_norm_heads(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight, float epsilon);
XLLM_API xllm_status xllm_layer_norm(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight, const xllm_tensor* bias,
                                     float epsilon, const xllm_tensor* y);
XLLM_API xllm_status xllm_linear(xllm_backend* backend, const xllm_tensor* x, const xllm_weight* weight,
                                 const xllm_tensor* bias /* or NULL */, const xllm_tensor* y);
XLLM_API xllm_status xllm_add(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* y); /* x += y */
XLLM_API xllm_status xllm_silu_multiply(xllm_backend* backend, const xllm_tensor* gate, const xllm_tensor* up);
XLLM_API xllm_status xllm_rope_angles(xllm_backend* backend, const xllm_tensor* positions, const xllm_tensor* frequencies, float scale,
                                      const xllm_tensor* y);
XLLM_API xllm_status xllm_rotate(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* angles, int32_t head_size,
                                 int32_t pairing);
XLLM_API xllm_status xllm_paged_attention(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* k, const xllm_tensor* v,
                                          const xllm_kv_layer* kv, const xllm_attention_batch* batch, const xllm_head_layout* heads,
                                          float scale, const xllm_tensor* y);
XLLM_API xllm_status xllm_sigmoid_multiply(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* gate);
/* The block tables of the next two: [sequences, 2 * state->blocks], the blocks that are read, then those that are written; no slots. */
XLLM_API xllm_status xllm_short_convolution(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight,
                                            const xllm_state_layer* state, int32_t first_channel, const xllm_attention_batch* batch,
                                            const xllm_tensor* y);
XLLM_API xllm_status xllm_gated_delta_rule(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* k, const xllm_tensor* v,
                                           const xllm_tensor* strength, const xllm_tensor* step, const xllm_tensor* log_decay,
                                           const xllm_tensor* step_bias, const xllm_state_layer* state, const xllm_attention_batch* batch,
                                           const xllm_tensor* y);
XLLM_API xllm_status xllm_choose_experts(xllm_backend* backend, const xllm_tensor* logits, const xllm_tensor* bias /* or NULL */,
                                         const xllm_expert_routing* routing, const xllm_tensor* ids, const xllm_tensor* weights);
XLLM_API xllm_status xllm_experts(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* ids, const xllm_tensor* weights,
                                  const xllm_expert_weights* experts, const xllm_tensor* y);
XLLM_API xllm_status xllm_slice_heads(xllm_backend* backend, const xllm_tensor* x, int32_t head_size, int32_t first, int32_t count,
                                      const xllm_tensor* y);
XLLM_API xllm_status xllm_join_heads(xllm_backend* backend, const xllm_tensor* a, const xllm_tensor* b, int32_t heads,
                                     const xllm_tensor* y);
XLLM_API xllm_status xllm_linear_heads(xllm_backend* backend, const xllm_tensor* x, const xllm_weight* weight,
                                       const xllm_head_slice* slice, int32_t transposed, const xllm_tensor* y);
XLLM_API xllm_status xllm_latent_attention(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* latent, const xllm_kv_layer* kv,
                                           const xllm_attention_batch* batch, int32_t value_columns, float scale,
                                           const xllm_tensor* selection /* or NULL */, const xllm_tensor* y);
XLLM_API xllm_status xllm_select_positions(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* keys, const xllm_tensor* weights,
                                           const xllm_kv_layer* kv, const xllm_attention_batch* batch, int32_t most, float scale,
                                           const xllm_tensor* y /* I32 */);
XLLM_API xllm_status xllm_gelu(xllm_backend* backend, const xllm_tensor* x, int32_t kind); /* x = gelu(x) */
XLLM_API xllm_status xllm_rope_angles_by_axis(xllm_backend* backend, const xllm_tensor* positions /* I32 [axes, rows] */,
                                              const xllm_tensor* axes, const xllm_tensor* frequencies, float scale,
                                              const xllm_tensor* y);
XLLM_API xllm_status xllm_segment_attention(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* k, const xllm_tensor* v,
                                            const xllm_tensor* starts, int32_t heads, float scale, const xllm_tensor* y);
XLLM_API xllm_status xllm_weighted_rows(xllm_backend* backend, const xllm_weight* table, const xllm_tensor* indices /* I32 [rows, n] */,
                                        const xllm_tensor* weights, const xllm_tensor* y);
XLLM_API xllm_status xllm_put_rows(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* rows, const xllm_tensor* y);
XLLM_API xllm_status xllm_add_rows(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* rows, const xllm_tensor* y);

#ifdef __cplusplus
}
#endif

#endif
