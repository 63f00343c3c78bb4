using System.Text.Json;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Fields that other servers know and that would change the answer. They are refused unless they ask for nothing: an answer that silently ignores them would be a wrong one.</summary>
internal static class UnsupportedFields
{
    /// <summary>For both endpoints.</summary>
    public static readonly string[] Common =
    [
        "best_of", "use_beam_search", "length_penalty", "prompt_logprobs", "logprob_token_ids", "return_token_ids", "return_tokens_as_token_ids",
        "allowed_token_ids", "bad_words", "truncate_prompt_tokens", "structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar",
        "grammar", "json_schema", "kv_transfer_params", "ec_transfer_params", "lora", "thinking_token_budget",
    ];

    /// <summary>For chat besides.</summary>
    public static readonly string[] Chat =
        ["functions", "function_call", "audio", "web_search_options", "chat_template", "documents", "mm_processor_kwargs", "echo"];

    /// <summary>For completions besides.</summary>
    public static readonly string[] Completion = ["suffix", "response_format"];

    /// <summary>Adds a fault for each field that asks for something.</summary>
    public static void Check(JsonFields body, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (body.Find(name) is { } value && !AsksForNothing(name, value))
            {
                body.Unsupported(name, "is not supported by this server");
            }
        }
    }

    private static bool AsksForNothing(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.String => value.ValueEquals(""u8) || (name == "function_call" && (value.ValueEquals("none"u8) || value.ValueEquals("auto"u8))),
        JsonValueKind.Number => name is "best_of" or "length_penalty" && value.TryGetDouble(out var number) && number == 1,
        JsonValueKind.Object => name == "response_format" && value.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("text"u8),
        _ => false,
    };
}
