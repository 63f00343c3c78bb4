using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A JSON body to a checked request, or to the list of all its faults. The gateway's only producer of <see cref="ChatRequest"/> and <see cref="CompletionRequest"/>. Pure.</summary>
internal static class RequestParser
{
    /// <summary>Tokens that a completion generates unless told otherwise: OpenAI's number.</summary>
    private const int DefaultCompletionTokens = 16;

    internal static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    /// <summary>Reads a body of <c>POST /v1/chat/completions</c>.</summary>
    /// <param name="body">A JSON object.</param>
    /// <param name="requestId">Unique; also the answer's id.</param>
    /// <param name="options">Bounds.</param>
    public static Parsed<ChatCall> Chat(JsonElement body, string requestId, GatewayOptions options)
    {
        List<Fault> faults = [];
        var fields = new JsonFields(body, "", faults);
        UnsupportedFields.Check(fields, [.. UnsupportedFields.Common, .. UnsupportedFields.Chat]);
        var model = Model(fields);
        var messages = MessageParser.Parse(fields, options, faults);
        var tools = ToolParser.Parse(fields, options, faults);
        var maxTokens = fields.Integer("max_completion_tokens", 1);
        var olderMaxTokens = fields.Integer("max_tokens", 1);
        var request = new ChatRequest
        {
            RequestId = requestId,
            Model = model,
            Messages = messages,
            ToolsJson = tools.Json,
            ToolChoice = tools.Choice,
            ToolChoiceName = tools.ChoiceName,
            ParallelToolCalls = fields.Flag("parallel_tool_calls") ?? true,
            TemplateVariablesJson = TemplateVariables(fields),
            Sampling = SamplingParser.Sampling(fields),
            Stop = SamplingParser.Stop(fields, options, maxTokens ?? olderMaxTokens),
            TopLogprobs = ChatLogprobs(fields),
            Priority = fields.Integer("priority", int.MinValue) ?? 0,
            CacheSalt = SamplingParser.CacheSalt(fields),
            SessionId = Session(fields),
            ContinueFinalMessage = ContinueFinalMessage(fields, messages),
        };
        var choices = fields.Integer("n", 1, options.MaxChoices) ?? 1;
        if (request.SessionId is not null && choices > 1)
        {
            fields.Fault("n", string.Create(CultureInfo.InvariantCulture, $"is {choices}, but a turn of a session has one answer"));
        }

        var delivery = SamplingParser.Delivery(fields, faults);
        if (delivery.ContinuousUsage)
        {
            fields.Unsupported("stream_options.continuous_usage_stats", "is served by /v1/completions alone: a chat chunk need not be whole tokens");
        }

        CheckTextOnly(fields, faults);
        return Result(new ChatCall(request, choices, delivery), faults);
    }

    /// <summary>Reads a body of <c>POST /v1/completions</c>.</summary>
    /// <param name="body">A JSON object.</param>
    /// <param name="requestId">Unique; also the answer's id.</param>
    /// <param name="options">Bounds.</param>
    public static Parsed<CompletionCall> Completion(JsonElement body, string requestId, GatewayOptions options)
    {
        List<Fault> faults = [];
        var fields = new JsonFields(body, "", faults);
        UnsupportedFields.Check(fields, [.. UnsupportedFields.Common, .. UnsupportedFields.Completion]);
        var template = new CompletionRequest
        {
            RequestId = requestId,
            Model = Model(fields),
            Sampling = SamplingParser.Sampling(fields),
            Stop = SamplingParser.Stop(fields, options, fields.Find("max_tokens") is null ? DefaultCompletionTokens : fields.Integer("max_tokens", 1)),
            TopLogprobs = fields.Integer("logprobs", 0, SamplingParser.MaxTopLogprobs),
            Priority = fields.Integer("priority", int.MinValue) ?? 0,
            CacheSalt = SamplingParser.CacheSalt(fields),
        };
        var prompts = PromptParser.Parse(fields, options);
        var choices = fields.Integer("n", 1, options.MaxChoices) ?? 1;
        if (prompts.Count * choices > options.MaxChoices)
        {
            fields.Fault("n", string.Create(
                CultureInfo.InvariantCulture, $"of {choices} for {prompts.Count} prompts makes {prompts.Count * choices} answers, but at most {options.MaxChoices} are allowed"));
        }

        var echo = fields.Flag("echo") ?? false;
        if (echo && template.TopLogprobs is not null)
        {
            fields.Unsupported("echo", "together with logprobs is not supported by this server: log probabilities of prompts are not computed");
        }

        if (echo && prompts.Any(prompt => prompt.Tokens is not null))
        {
            fields.Unsupported("echo", "of a prompt of token ids is not supported by this server");
        }

        CompletionRequest[] requests = [.. prompts.Select(prompt => template with { Prompt = prompt.Text, PromptTokens = prompt.Tokens })];
        return Result(new CompletionCall(requests, choices, echo, SamplingParser.Delivery(fields, faults)), faults);
    }

    private static Parsed<T> Result<T>(T value, List<Fault> faults)
        where T : class => faults.Count == 0 ? new(value, []) : new(null, faults);

    private static string Model(JsonFields fields)
    {
        var model = fields.RequiredText("model");
        if (model.Length == 0 && fields.Find("model") is { ValueKind: JsonValueKind.String })
        {
            fields.Fault("model", "is empty");
        }

        return model;
    }

    private static int? ChatLogprobs(JsonFields fields)
    {
        var wanted = fields.Flag("logprobs") ?? false;
        var top = fields.Integer("top_logprobs", 0, SamplingParser.MaxTopLogprobs);
        if (top > 0 && !wanted)
        {
            fields.Fault("top_logprobs", "needs logprobs true");
        }

        return wanted ? top ?? 0 : null;
    }

    private static string? TemplateVariables(JsonFields fields)
    {
        var extra = fields.Find("chat_template_kwargs", JsonValueKind.Object, "an object");
        var effort = fields.Text("reasoning_effort");
        if (effort is not null && !Efforts.Contains(effort))
        {
            fields.Fault("reasoning_effort", $"must be one of {string.Join(", ", Efforts)}, but is '{effort}'");
        }

        if (effort is null || extra?.TryGetProperty("reasoning_effort", out _) == true)
        {
            return extra is { } only ? RawJson.Text(only) : null;
        }

        var variables = extra is { } given ? JsonNode.Parse(RawJson.Text(given))!.AsObject() : [];
        variables["reasoning_effort"] = effort;
        return variables.ToJsonString();
    }

    private static string? Session(JsonFields fields)
    {
        var session = fields.Text("session_id");
        if (session is not null && !SessionIds.IsValid(session))
        {
            fields.Fault("session_id", SessionIds.Rule);
        }

        return session;
    }

    private static bool ContinueFinalMessage(JsonFields fields, ChatMessage[] messages)
    {
        var continues = fields.Flag("continue_final_message") ?? false;
        var begins = fields.Flag("add_generation_prompt");
        if (continues && begins == true)
        {
            fields.Fault("continue_final_message", "and add_generation_prompt cannot both be true");
        }
        else if (!continues && begins == false)
        {
            fields.Unsupported("add_generation_prompt", "false is supported only with continue_final_message true");
        }
        else if (continues && messages is [.., { Role: not "assistant" } last])
        {
            fields.Fault("continue_final_message", $"needs the last message to be the assistant's, but it is the {last.Role}'s");
        }

        return continues;
    }

    /// <summary>Fields whose only served value is text.</summary>
    private static void CheckTextOnly(JsonFields fields, List<Fault> faults)
    {
        if (fields.Find("response_format", JsonValueKind.Object, "an object") is { } format
            && new JsonFields(format, "response_format", faults).RequiredText("type") is var type && type.Length > 0 && type != "text")
        {
            fields.Unsupported("response_format", $"'{type}' is not supported by this server yet: only 'text' is");
        }

        if (fields.Find("modalities", JsonValueKind.Array, "an array") is { } modalities
            && modalities.EnumerateArray().Any(one => one.ValueKind != JsonValueKind.String || !one.ValueEquals("text"u8)))
        {
            fields.Unsupported("modalities", "other than text are not supported by this server");
        }
    }
}
