using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Ports;
using XLLM.Silo.Models;
using XLLM.Silo.Prompts;
using XLLM.Silo.Templates;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Checking;

/// <summary>What a model's tokenizer and chat template are good for: tried with a conversation, not only read.</summary>
internal sealed class TextSurvey
{
    private const string Answer = "PROBE ANSWER";
    private const string Tools = """[{"type":"function","function":{"name":"probe_tool","description":"A probe.","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]""";

    private TextSurvey()
    {
    }

    /// <summary>What would keep the model from being served, or make its answers wrong.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>What an operator should know.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>One line about the tokenizer; null: there is none that can be read.</summary>
    public string? Tokenizer { get; private set; }

    /// <summary>One line about the template.</summary>
    public string Template { get; private set; } = "none: completions only";

    /// <summary>Its text, to tell syntaxes by.</summary>
    public string TemplateSource { get; private set; } = string.Empty;

    /// <summary>Tries the files of a model.</summary>
    /// <param name="path">A folder or a GGUF file.</param>
    /// <param name="info">What the model says about itself, or null.</param>
    /// <param name="clock">Answers a template's question for the time.</param>
    public static TextSurvey Run(string path, ModelInfo? info, TimeProvider clock)
    {
        var survey = new TextSurvey();
        try
        {
            survey.Try(TextFiles.Load(path), info, clock);
        }
        catch (Exception e) when (e is TokenizerException or ChatTemplateException or CheckpointException or IOException or UnauthorizedAccessException)
        {
            survey.Faults.Add(e.Message);
        }

        return survey;
    }

    private void Try(TextFiles files, ModelInfo? info, TimeProvider clock)
    {
        Tokenizer = $"{files.Tokenizer.VocabularySize} tokens";
        CheckTokens(files, info);
        if (files.Template is null)
        {
            return;
        }

        TemplateSource = files.Template.Source;
        var model = new ModelDescriptor
        {
            Name = "probe",
            Architecture = info?.Architecture ?? string.Empty,
            MaxContext = info?.ContextLength ?? int.MaxValue,
            VocabularySize = info?.VocabularySize ?? files.Tokenizer.VocabularySize,
            BlockTokens = 1,
        };
        var encoder = new PromptEncoder(files.Tokenizer, files.Template, files.SpecialTokens, model, clock);
        var user = ChatMessage.FromText("user", "PROBE QUESTION");
        if (Render(encoder, "a question", [user]) is not { } prompt)
        {
            Template = "refuses a plain question";
            return;
        }

        Template = $"{TemplateSource.Length} characters; a question becomes {prompt.TokenIds.Length} tokens";
        Render(encoder, "a system message", [ChatMessage.FromText("system", "PROBE RULE"), user]);
        Render(encoder, "tools", [user], Tools);
        Render(encoder, "a history with a call of a tool",
        [
            user,
            new ChatMessage { Role = "assistant", ToolCalls = [new("probe_call", "probe_tool", """{"city":"Oslo"}""")] },
            new ChatMessage { Role = "tool", ToolCallId = "probe_call", Name = "probe_tool", Content = [new() { Type = "text", Text = "PROBE RESULT" }] },
        ], Tools);
        CheckEndOfTurn(files, info, encoder, user);
    }

    private RenderedPrompt? Render(PromptEncoder encoder, string what, ChatMessage[] messages, string? tools = null)
    {
        try
        {
            return encoder.Render(new ChatRequest { RequestId = "probe", Model = "probe", Messages = messages, ToolsJson = tools });
        }
        catch (RequestException e)
        {
            Notes.Add($"chat template: with {what}: {e.Message}");
            return null;
        }
    }

    private void CheckTokens(TextFiles files, ModelInfo? info)
    {
        foreach (var (name, value) in files.SpecialTokens)
        {
            foreach (var token in (value as JsonArray ?? [value?.DeepClone()]).Where(text => text?.GetValueKind() == System.Text.Json.JsonValueKind.String).Select(text => text!.GetValue<string>()).Where(token => files.Tokenizer.FindToken(token) is null))
            {
                Notes.Add($"tokenizer: {name} \"{token}\" is no token of the vocabulary");
            }
        }

        if (info is null)
        {
            return;
        }

        if (files.Tokenizer.VocabularySize > info.VocabularySize)
        {
            Notes.Add($"tokenizer: it has {files.Tokenizer.VocabularySize} tokens, the model {info.VocabularySize}; text that needs the others is refused");
        }

        if (info.EosTokenIds.Count == 0)
        {
            Faults.Add("no end token: neither config.json nor generation_config.json has an eos_token_id, so answers run to their limit");
        }
        else if (files.SpecialTokens["eos_token"] is JsonValue eos && files.Tokenizer.FindToken(eos.GetValue<string>()) is { } id && !info.EosTokenIds.Contains(id))
        {
            Notes.Add($"end tokens: the tokenizer's eos_token \"{eos.GetValue<string>()}\" ({id}) is not among those of config.json and generation_config.json ({string.Join(", ", info.EosTokenIds)})");
        }

        foreach (var end in info.EosTokenIds.Where(end => files.Tokenizer.TokenBytes(end).Length == 0))
        {
            Notes.Add($"end tokens: {end} is no token of the tokenizer");
        }
    }

    /// <summary>What the template writes after an answer is what the model learned to end with.</summary>
    private void CheckEndOfTurn(TextFiles files, ModelInfo? info, PromptEncoder encoder, ChatMessage user)
    {
        if (info is null || Render(encoder, "an answer in the history", [user, ChatMessage.FromText("assistant", Answer), user]) is not { } prompt)
        {
            return;
        }

        var text = IncrementalDecoder.Decode(files.Tokenizer, prompt.TokenIds, skipSpecialTokens: false);
        var end = text.IndexOf(Answer, StringComparison.Ordinal);
        if (end < 0)
        {
            Notes.Add("chat template: an answer in the history does not show in the prompt");
            return;
        }

        var after = files.Tokenizer.Encode(text.AsSpan(end + Answer.Length).TrimStart(), addSpecialTokens: false);
        if (after.Length > 0 && files.Tokenizer.IsSpecial(after[0]) && !info.EosTokenIds.Contains(after[0]))
        {
            Notes.Add($"end tokens: the chat template ends an answer with \"{System.Text.Encoding.UTF8.GetString(files.Tokenizer.TokenBytes(after[0]))}\" ({after[0]}), which is not among {string.Join(", ", info.EosTokenIds)}: answers would run on; add it to eos_token_id in generation_config.json");
        }
    }
}
