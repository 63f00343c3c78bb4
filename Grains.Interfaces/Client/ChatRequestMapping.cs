using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using AIChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatMessage = XLLM.Grains.Interfaces.Chat.ChatMessage;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Messages and options of Microsoft.Extensions.AI to a <see cref="ChatRequest"/>. Pure. What cannot be served is an error that names it; nothing is left out silently.</summary>
internal static class ChatRequestMapping
{
    /// <summary>Without line breaks: the model reads this, and pays for every token.</summary>
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <summary>Maps.</summary>
    /// <param name="messages">The conversation; only what is new where <see cref="ChatOptions.ConversationId"/> is set.</param>
    /// <param name="options">May be null.</param>
    /// <param name="model">The model to ask.</param>
    /// <param name="requestId">A new id.</param>
    /// <exception cref="RequestException">A content, tool or option that cannot be served.</exception>
    public static ChatRequest Map(IEnumerable<AIChatMessage> messages, ChatOptions? options, string model, string requestId)
    {
        var extras = new AdditionalChatProperties(options?.AdditionalProperties);
        Refuse(options?.ResponseFormat is ChatResponseFormatJson, "response_format", "a JSON response format cannot be enforced yet; ask for it in the messages");
        Refuse(options?.ContinuationToken is not null, "continuation_token", "there are no background responses to continue");

        var request = new ChatRequest
        {
            RequestId = requestId,
            Model = model,
            Messages = [.. Instructions(options), .. messages.SelectMany(MapMessage)],
            ToolsJson = ToolsJson(options?.Tools),
            ToolChoice = options?.ToolMode switch
            {
                NoneChatToolMode => ToolChoiceMode.None,
                RequiredChatToolMode { RequiredFunctionName: null } => ToolChoiceMode.Required,
                RequiredChatToolMode => ToolChoiceMode.Named,
                _ => ToolChoiceMode.Auto,
            },
            ToolChoiceName = (options?.ToolMode as RequiredChatToolMode)?.RequiredFunctionName,
            ParallelToolCalls = options?.AllowMultipleToolCalls ?? true,
            TemplateVariablesJson = TemplateVariables(options?.Reasoning, extras.Json("chat_template_kwargs")),
            Sampling = new SamplingParameters
            {
                Temperature = options?.Temperature,
                TopP = options?.TopP,
                TopK = options?.TopK,
                MinP = extras.Single("min_p"),
                RepetitionPenalty = extras.Single("repetition_penalty"),
                PresencePenalty = options?.PresencePenalty,
                FrequencyPenalty = options?.FrequencyPenalty,
                LogitBias = extras.LogitBias("logit_bias"),
                Seed = options?.Seed,
            },
            Stop = new StopParameters
            {
                MaxTokens = options?.MaxOutputTokens,
                MinTokens = extras.Int32("min_tokens") ?? 0,
                Strings = [.. options?.StopSequences ?? []],
                TokenIds = extras.Int32s("stop_token_ids") ?? [],
                IgnoreEndToken = extras.Boolean("ignore_eos") ?? false,
                IncludeStopText = extras.Boolean("include_stop_str_in_output") ?? false,
            },
            TopLogprobs = extras.Int32("top_logprobs") ?? (extras.Boolean("logprobs") is true ? 0 : null),
            Priority = extras.Int32("priority") ?? 0,
            CacheSalt = extras.Text("cache_salt"),
            SessionId = options?.ConversationId,
            ContinueFinalMessage = extras.Boolean("continue_final_message") ?? false,
        };
        extras.RefuseUnread();
        return request;
    }

    private static IEnumerable<ChatMessage> Instructions(ChatOptions? options) =>
        string.IsNullOrEmpty(options?.Instructions) ? [] : [ChatMessage.FromText("system", options.Instructions)];

    /// <summary>One message, or one per function result: a tool message answers exactly one call.</summary>
    private static IEnumerable<ChatMessage> MapMessage(AIChatMessage message)
    {
        var parts = new List<ContentPart>();
        var calls = new List<ToolCall>();
        var results = new List<ChatMessage>();
        string? reasoning = null;
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    parts.Add(new ContentPart { Type = "text", Text = text.Text });
                    break;
                case TextReasoningContent thought:
                    reasoning += thought.Text;
                    break;
                case FunctionCallContent call:
                    calls.Add(new ToolCall(call.CallId, call.Name, JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>(), Compact)));
                    break;
                case FunctionResultContent result:
                    results.Add(ChatMessage.FromText("tool", ResultText(result)) with { ToolCallId = result.CallId });
                    break;
                case DataContent data when data.HasTopLevelMediaType("image"):
                    parts.Add(new ContentPart { Type = "image_url", ImageUrl = data.Uri });
                    break;
                case UriContent uri when uri.HasTopLevelMediaType("image"):
                    parts.Add(new ContentPart { Type = "image_url", ImageUrl = uri.Uri.ToString() });
                    break;
                case UsageContent:
                    break;                          // an account of an earlier answer, no part of the conversation
                default:
                    throw new RequestException(RequestErrors.InvalidValue, $"a {message.Role} message has {content.GetType().Name}, which no model here reads", "messages");
            }
        }

        if (results.Count == 0 || parts.Count > 0 || calls.Count > 0 || reasoning is not null)
        {
            yield return new ChatMessage { Role = message.Role.Value, Content = parts, ToolCalls = calls, Reasoning = reasoning, Name = message.AuthorName };
        }

        foreach (var result in results)
        {
            yield return result;
        }
    }

    private static string ResultText(FunctionResultContent result) => result.Result switch
    {
        null when result.Exception is { } exception => $"Error: {exception.Message}",
        null => "null",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        TextContent text => text.Text,
        var value => JsonSerializer.Serialize(value, Compact),
    };

    private static string? ToolsJson(IList<AITool>? tools)
    {
        if (tools is not { Count: > 0 })
        {
            return null;
        }

        var definitions = new JsonArray();
        foreach (var tool in tools)
        {
            var function = tool as AIFunctionDeclaration
                ?? throw new RequestException(RequestErrors.InvalidValue, $"tool '{tool.Name}' is a {tool.GetType().Name}; only functions can be called", "tools");
            definitions.Add(new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = function.Name,
                    ["description"] = function.Description,
                    ["parameters"] = JsonNode.Parse(function.JsonSchema.GetRawText()),
                },
            });
        }

        return definitions.ToJsonString();
    }

    /// <summary>The reasoning options in the variables that thinking models' templates read; variables given by name win.</summary>
    private static string? TemplateVariables(ReasoningOptions? reasoning, JsonObject? given)
    {
        if (reasoning?.Effort is not { } effort)
        {
            return given?.ToJsonString();
        }

        var variables = given ?? [];
        variables.TryAdd("enable_thinking", effort != ReasoningEffort.None);
        if (effort != ReasoningEffort.None)
        {
            variables.TryAdd("reasoning_effort", effort.ToString().ToLowerInvariant());
        }

        return variables.ToJsonString();
    }

    private static void Refuse(bool condition, string parameter, string message)
    {
        if (condition)
        {
            throw new RequestException(RequestErrors.InvalidValue, message, parameter);
        }
    }
}
