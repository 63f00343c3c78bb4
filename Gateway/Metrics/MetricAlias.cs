using System.Collections.Frozen;

namespace XLLM.Gateway.Metrics;

/// <summary>Names under which scrapers, dashboards and autoscalers made for vLLM look for the same numbers.</summary>
/// <param name="Name">The other name, whole.</param>
/// <param name="Labels">Our tag to their label, where they differ.</param>
internal sealed record MetricAlias(string Name, IReadOnlyDictionary<string, string> Labels)
{
    private static readonly FrozenDictionary<string, string> Model = new Dictionary<string, string> { ["model"] = "model_name" }.ToFrozenDictionary();
    private static readonly FrozenDictionary<string, string> Route = new Dictionary<string, string> { ["route"] = "handler" }.ToFrozenDictionary();

    /// <summary>Instrument name to alias. Names in other projects are written out: the arrows allow no reference to them.</summary>
    public static readonly FrozenDictionary<string, MetricAlias> Table = new Dictionary<string, MetricAlias>
    {
        ["xllm.gateway.requests"] = new("http_requests_total", Route),
        ["xllm.gateway.request.duration"] = new("http_request_duration_seconds", Route),
        ["xllm.gateway.time_to_first_token"] = new("vllm:time_to_first_token_seconds", Model),
        ["xllm.gateway.inter_token_latency"] = new("vllm:inter_token_latency_seconds", Model),
        ["xllm.gateway.generation.duration"] = new("vllm:e2e_request_latency_seconds", Model),
        ["xllm.gateway.generations"] = new("vllm:request_success_total", Model),
        ["xllm.gateway.prompt.tokens"] = new("vllm:prompt_tokens_total", Model),
        ["xllm.gateway.generation.tokens"] = new("vllm:generation_tokens_total", Model),
        ["xllm.gateway.request.prompt_tokens"] = new("vllm:request_prompt_tokens", Model),
        ["xllm.gateway.request.generation_tokens"] = new("vllm:request_generation_tokens", Model),
        ["xllm.gateway.request.choices"] = new("vllm:request_params_n", Model),
        ["xllm.gateway.request.max_tokens"] = new("vllm:request_params_max_tokens", Model),
        ["xllm.engine.sequences.running"] = new("vllm:num_requests_running", Model),
        ["xllm.engine.sequences.waiting"] = new("vllm:num_requests_waiting", Model),
        ["xllm.engine.kv.usage"] = new("vllm:kv_cache_usage_perc", Model),
        ["xllm.engine.prefix_cache.queries"] = new("vllm:prefix_cache_queries_total", Model),
        ["xllm.engine.prefix_cache.hits"] = new("vllm:prefix_cache_hits_total", Model),
        ["xllm.engine.preemptions"] = new("vllm:num_preemptions_total", Model),
        ["xllm.engine.step.tokens"] = new("vllm:iteration_tokens_total", Model),
        ["xllm.engine.queue_time"] = new("vllm:request_queue_time_seconds", Model),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
