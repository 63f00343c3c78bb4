using System.Text.Json;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Tokenization;

/// <summary>The tokenizers of the models that are served in tests, against the token ids that their makers recorded.</summary>
public sealed class ModelTokenizerTests
{
    [Fact]
    public void DemoModel_EncodesEveryReferencePrompt_AndDecodesEveryReferenceAnswer() => CheckReferences(Paths.DemoModel);

    [Theory]
    [InlineData("dense")]
    [InlineData("moe")]
    public void SharedDemoModels_EncodeTheirReferencePrompts(string folder) => CheckReferences(SharedOrSkip("demo-model", folder));

    [Theory]
    [InlineData("draft")]
    [InlineData("vl")]
    public void SharedDemoModels_HaveTheDemoModelsTokens(string folder)
    {
        var shared = TokenizerLoader.Load(SharedOrSkip("demo-model", folder));
        var own = TokenizerLoader.Load(Paths.DemoModel);
        const string Prompt = "<|im_start|>user\nWhat is the capital of Japan? 日本<|im_end|>\n<|im_start|>assistant\n<think>";

        Assert.Equal(own.VocabularySize, shared.VocabularySize);
        Assert.Equal(own.Encode(Prompt, addSpecialTokens: false), shared.Encode(Prompt, addSpecialTokens: false));
    }

    [Theory]
    [InlineData("babyllama105-hf-llama")]
    [InlineData("babyllama361-rows105-hf-llama")]
    public void SentencePieceLikeModel_EncodesItsPromptsWithBos_AndDecodesItsAnswers(string folder)
    {
        var path = SharedOrSkip("data", "weights", folder);
        var tokenizer = TokenizerLoader.Load(path);
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, "golden.json")));
        foreach (var item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            var prompt = Ids(item.GetProperty("prompt_ids"));
            Assert.Equal(prompt, tokenizer.Encode(item.GetProperty("prompt").GetString(), addSpecialTokens: true));

            // The recorded text shows special tokens, but for the leading BOS.
            var all = prompt.Skip(1).Concat(Ids(item.GetProperty("output_ids"))).ToArray();
            Assert.Equal(item.GetProperty("full_text").GetString(), IncrementalDecoder.Decode(tokenizer, all, skipSpecialTokens: false));
        }
    }

    [Fact]
    public void SentencePieceLikeModel_FallsBackToBytes_ForCharactersOutsideItsVocabulary()
    {
        var tokenizer = TokenizerLoader.Load(SharedOrSkip("data", "weights", "stories260K-hf-llama"));
        var tokens = tokenizer.Encode("Once 中\n", addSpecialTokens: false);

        // Bytes begin at id 3: E4 B8 AD for U+4E2D, 0A for the line break.
        Assert.Equal([3 + 0xE4, 3 + 0xB8, 3 + 0xAD, 3 + 0x0A], tokens[^4..]);
        Assert.Equal("Once 中\n", IncrementalDecoder.Decode(tokenizer, tokens, skipSpecialTokens: true));
    }

    private static void CheckReferences(string folder)
    {
        var tokenizer = TokenizerLoader.Load(folder);
        using var reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "reference.json")));
        var checkedPrompts = 0;
        foreach (var item in reference.RootElement.EnumerateArray())
        {
            Assert.Equal(Ids(item.GetProperty("prompt_ids")), tokenizer.Encode(item.GetProperty("prompt").GetString(), addSpecialTokens: false));
            Assert.Equal(
                item.GetProperty("greedy_text").GetString(),
                IncrementalDecoder.Decode(tokenizer, Ids(item.GetProperty("greedy_ids")), skipSpecialTokens: false));
            checkedPrompts++;
        }

        Assert.NotEqual(0, checkedPrompts);
    }

    private static string SharedOrSkip(params string[] parts)
    {
        var path = Paths.TryShared(parts);
        if (path is null)
        {
            Assert.Skip($"../shared/{string.Join('/', parts)} is not there");
        }

        return path;
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}
