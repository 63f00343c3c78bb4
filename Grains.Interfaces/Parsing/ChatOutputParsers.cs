using System.Text.Json;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Chooses how a model's output is taken apart for a request, and what the prompt must add for it.</summary>
public static class ChatOutputParsers
{
    /// <summary>The parser for one generation.</summary>
    /// <param name="model">Names the model's syntaxes.</param>
    /// <param name="request">Tool calls are looked for only if it offers tools and does not forbid them.</param>
    /// <param name="reasoningOpen">The prompt ends inside a reasoning block, so the output begins in it.</param>
    /// <exception cref="ArgumentException">The model names a syntax that does not exist; the message lists those that do.</exception>
    public static ChatOutputParser Create(ModelDescriptor model, ChatRequest request, bool reasoningOpen)
    {
        var reasoning = model.ReasoningFormat is { } format ? ReasoningParsers.Get(format) : null;
        return new StagedChatOutputParser(request.RequestId, reasoning, reasoningOpen, ToolSyntax(model, request), request.ToolsJson ?? "", request.ParallelToolCalls ? int.MaxValue : 1);
    }

    /// <summary>Whether the generation's text must keep special tokens (<see cref="Generation.GenerationRequest.SkipSpecialTokens"/> false) for the parser to see its marks.</summary>
    public static bool NeedsSpecialTokens(ModelDescriptor model, ChatRequest request) =>
        ToolSyntax(model, request) is { NeedsSpecialTokens: true }
        || (model.ReasoningFormat is { } format && ReasoningParsers.Get(format).NeedsSpecialTokens);

    /// <summary>Whether a rendered prompt ends inside a reasoning block.</summary>
    public static bool EndsInsideReasoning(ModelDescriptor model, ReadOnlySpan<char> prompt) =>
        model.ReasoningFormat is { } format && ReasoningParsers.Get(format).EndsInside(prompt);

    /// <summary>Text that makes the answer a tool call: appended to the prompt, and the first thing pushed into the parser. Empty unless a call is required.</summary>
    /// <param name="model">Names the model's syntaxes.</param>
    /// <param name="request">Its tool choice decides.</param>
    /// <param name="reasoningOpen">The prompt ends inside a reasoning block: the text then closes it first.</param>
    /// <exception cref="RequestException">A call is required, but the model has no tool-call syntax.</exception>
    public static string ForcedText(ModelDescriptor model, ChatRequest request, bool reasoningOpen)
    {
        if (request.ToolsJson is null || request.ToolChoice is not (ToolChoiceMode.Required or ToolChoiceMode.Named))
        {
            return "";
        }

        if (model.ToolCallFormat is not { } format)
        {
            throw new RequestException(RequestErrors.InvalidValue, $"tool_choice asks for a tool call, but model '{model.Name}' has no tool-call syntax", "tool_choice");
        }

        var name = request.ToolChoice == ToolChoiceMode.Named ? request.ToolChoiceName : OnlyFunction(request.ToolsJson);
        var closing = reasoningOpen && model.ReasoningFormat is { } reasoning ? ReasoningParsers.Get(reasoning).Closing : "";
        return closing + ToolCallParsers.Get(format).Opening(name);
    }

    private static ToolCallSyntax? ToolSyntax(ModelDescriptor model, ChatRequest request) =>
        model.ToolCallFormat is { } format && request.ToolsJson is not null && request.ToolChoice != ToolChoiceMode.None ? ToolCallParsers.Get(format) : null;

    /// <summary>"A call is required" and one function means that function: the model need not write its name.</summary>
    private static string? OnlyFunction(string toolsJson)
    {
        using var tools = JsonDocument.Parse(toolsJson);
        return tools.RootElement.ValueKind == JsonValueKind.Array && tools.RootElement.GetArrayLength() == 1
            && tools.RootElement[0].TryGetProperty("function", out var function) && function.TryGetProperty("name", out var name)
            ? name.GetString()
            : null;
    }
}
