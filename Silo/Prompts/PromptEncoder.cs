using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Parsing;
using XLLM.Grains.Ports;
using XLLM.Silo.Templates;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Prompts;

/// <summary>A model's template and tokenizer together: a conversation or text in, token ids out. Thread-safe.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="template">The model's chat template, or null where it has none: chat is then refused, completions work.</param>
/// <param name="specialTokens">Variables that the tokenizer's configuration defines: <c>bos_token</c>, <c>eos_token</c>, ...</param>
/// <param name="model">Names the syntaxes of the model's tool calls and reasoning.</param>
/// <param name="clock">Answers a template's <c>strftime_now</c>.</param>
internal sealed class PromptEncoder(
    ITokenizer tokenizer,
    IChatTemplate? template,
    JsonObject specialTokens,
    ModelDescriptor model,
    TimeProvider clock) : IPromptEncoder
{
    /// <inheritdoc/>
    public RenderedPrompt Render(ChatRequest request)
    {
        if (template is null)
        {
            throw new RequestException(
                RequestErrors.InvalidTemplateInput, $"the model '{request.Model}' has no chat template: use /v1/completions", "messages");
        }

        var text = Render(template, request);
        if (request.ContinueFinalMessage)
        {
            text = CutAfterFinalMessage(text, request);
        }

        var reasoningOpen = ChatOutputParsers.EndsInsideReasoning(model, text);
        var forced = ChatOutputParsers.ForcedText(model, request, reasoningOpen);
        var tokens = tokenizer.Encode(text + forced, addSpecialTokens: false);
        return tokens.Length > 0
            ? new(tokens, reasoningOpen && forced.Length == 0, forced)
            : throw new RequestException(RequestErrors.InvalidTemplateInput, "the model's chat template made an empty prompt of the messages", "messages");
    }

    /// <inheritdoc/>
    public int[] Encode(string text) => tokenizer.Encode(text, addSpecialTokens: true);

    /// <summary>Renders; where a message calls tools, in the first form that the template takes. What it says to the first form is what the caller is told.</summary>
    private string Render(IChatTemplate chatTemplate, ChatRequest request)
    {
        ChatTemplateException? refusal = null;
        foreach (var form in CallForm.All)
        {
            try
            {
                return chatTemplate.Render(ChatVariables.From(request, specialTokens, form), clock);
            }
            catch (ChatTemplateException e)
            {
                refusal ??= e;
                if (!request.Messages.Any(message => message.ToolCalls.Count > 0))
                {
                    break;
                }
            }
        }

        throw new RequestException(RequestErrors.InvalidTemplateInput, $"the model's chat template refused the messages: {refusal!.Message}", "messages");
    }

    /// <summary>Takes away what the template wrote after the last message (its end token), so that the model goes on inside it.</summary>
    private static string CutAfterFinalMessage(string text, ChatRequest request)
    {
        var content = request.Messages[^1].Text.TrimEnd();
        var start = text.LastIndexOf(content, StringComparison.Ordinal);
        return start >= 0
            ? text[..(start + content.Length)]
            : throw new RequestException(
                RequestErrors.InvalidTemplateInput, "the model's chat template does not show the final message as it is, so it cannot be continued", "continue_final_message");
    }
}
