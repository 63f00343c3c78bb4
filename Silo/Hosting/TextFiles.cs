using System.Text.Json.Nodes;
using XLLM.Silo.Templates;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Tokenization.Formats;
using XLLM.Silo.Weights.Gguf;

namespace XLLM.Silo.Hosting;

/// <summary>What turns conversations into tokens and back: from the files of a model's folder, or from its GGUF file.</summary>
/// <param name="Tokenizer">Text to tokens.</param>
/// <param name="Template">Conversation to text; null for a model that serves completions only.</param>
/// <param name="SpecialTokens">Variables of the template: <c>bos_token</c>, <c>eos_token</c>.</param>
internal sealed record TextFiles(ITokenizer Tokenizer, IChatTemplate? Template, JsonObject SpecialTokens)
{
    /// <summary>Loads them.</summary>
    /// <param name="path">A folder, or a GGUF file.</param>
    /// <exception cref="TokenizerException">No tokenizer, or one that is damaged or not supported.</exception>
    /// <exception cref="ChatTemplateException">The template is damaged; that there is none is no fault.</exception>
    /// <exception cref="Weights.CheckpointException">The GGUF file is damaged.</exception>
    public static TextFiles Load(string path) => GgufFile.Find(path) is { } gguf
        ? Load(GgufTokenizerSource.Read(GgufFile.Open(gguf)))
        : new(TokenizerLoader.Load(path), TryLoadTemplate(path), ChatTemplateLoader.ReadSpecialTokens(path));

    private static TextFiles Load(GgufTokenizerSource source)
    {
        var tokenizer = TokenizerLoader.Load(new TokenLists
        {
            Source = source.File,
            Model = source.Model,
            PreTokenizer = source.PreTokenizer,
            Tokens = source.Tokens,
            Kinds = source.TokenTypes,
            Merges = source.Merges,
            BeginToken = source.BeginToken,
            AddsBegin = source.AddsBegin,
        });
        var special = new JsonObject();
        foreach (var (name, id) in new[] { ("bos_token", source.BeginToken), ("eos_token", source.EndToken), ("pad_token", source.PaddingToken) })
        {
            if (id is { } token)
            {
                special[name] = source.Tokens[token];
            }
        }

        return new(tokenizer, source.ChatTemplate is { } template ? ChatTemplateLoader.LoadText(template, source.File, ChatTemplateLimits.Serving) : null, special);
    }

    /// <summary>A model without a template serves completions only; a damaged template is an error.</summary>
    private static IChatTemplate? TryLoadTemplate(string folder)
    {
        try
        {
            return ChatTemplateLoader.Load(folder, ChatTemplateLimits.Serving);
        }
        catch (ChatTemplateException e) when (e.Message.Contains("has no chat template", StringComparison.Ordinal))
        {
            return null;
        }
    }
}
